# SceneLab for the CPU. Build: docker build -t scenelab .
# Train on the folder photos of the working folder: docker run --rm -v "$PWD:/work" scenelab train photos
FROM python:3.12-slim

COPY requirements.txt setup.py README.md /opt/scenelab/
WORKDIR /opt/scenelab
# what stands above "# Development", as in setup.py
RUN sed '/^# Development/,$d' requirements.txt > runtime.txt \
    && pip install --no-cache-dir -r runtime.txt \
    && rm runtime.txt

COPY . /opt/scenelab
RUN pip install --no-cache-dir --no-deps -e .

WORKDIR /work
ENTRYPOINT ["scenelab"]
CMD ["--help"]
