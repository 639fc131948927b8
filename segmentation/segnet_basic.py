"""SegNet-Basic of two stages (S3): two encoders and two decoders of 64 7x7 filters.

`--weights FILE.npz` takes the arrays of S3's Caffe network, whose running statistics served it badly: 33 % of the
pixels of its test pictures of squares are right, and 99.9 % if each picture has its own statistics, as in training, a
picture a batch. Measured with its weights on 7 pictures of 512x512:

- It is the first norm. With that one by picture and the other three by running statistics 99.86 % are right, against
  43 % with none and 99.94 % with all four. A picture of two colours has values around few levels: over pictures the
  means of conv1's channels vary by 2.8 times the deviation within one, and that deviation threefold. Averages fit none.
- It is not float32. Its sums over flat pictures put means off by at most 1.4 % of a deviation, deviations by 0.1 %.

So `--norm picture` is what it begins with. From nothing, 100 squares at 128x128 without class weights, cosine from 0.1,
it had mean IoU 0.92 on the validation squares after one epoch, 0.951 after three and 0.954 after five, each about a
minute on two shared cores. `--norm batch`, for three epochs, had 0.48, 0.33 and 0.48: it finds no square, though in
training, by the statistics of the batch, its mean IoU was 0.60. With median-frequency weights, in batches of eight and
at a constant rate, squares grow at their edges: 0.82 after three.
"""

from segmentation.recipe import Recipe, main

ROWS = {"batch": "segnet_basic", "picture": "segnet_basic_picture_norm"}
"""By `--norm`."""

RECIPE = Recipe("segnet_basic", backbone=lambda settings: ROWS[settings.norm], decoder=None, config="SegNetBasicConfig")

if __name__ == "__main__":
    main(RECIPE)
