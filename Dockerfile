# SceneLab for the CPU. Build: docker build -t scenelab .
# Train on the folder photos of the working folder: docker run --rm -v "$PWD:/work" scenelab train photos
FROM python:3.12-slim

COPY runtime.lock /opt/scenelab/
WORKDIR /opt/scenelab
RUN pip install --no-cache-dir --require-hashes -r runtime.lock

COPY . /opt/scenelab
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

WORKDIR /work
ENTRYPOINT ["scenelab"]
CMD ["--help"]
