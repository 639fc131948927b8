"""Predicted masks as annotations that COCO's tools, labelme, YOLO and Label Studio open, to be corrected there."""
