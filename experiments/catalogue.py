"""The experiments of four student projects with their published values. To add an experiment, add an entry here."""

from experiments.experiment import Experiment, Variant

CHEN = {"schedule": "constant", "epochs": "15"}

CHEN_50, CHEN_20 = {"val_accuracy": 0.1057, "accuracy": 0.50}, {"val_accuracy": 0.5616, "accuracy": 0.70}

KERAS2 = {"norm_statistics": "keras2"}

GUPTA = {"schedule": "one-cycle", "learning_rates": "1e-3", "image_size": "180x240", "epochs": "10"}

HIDRA = {
    "class_weights": "background:0.1", "optimizer": "momentum", "learning_rates": "1e-4", "schedule": "constant",
    "batch_size": "32", "steps_per_epoch": "5", "epochs": "582",
}  # fmt: skip
"""Hidra, section V: 582 epochs of 5 batches of 32."""

UNPOOL = {"schedule": "constant", "epochs": "20"}
"""Hidra, section IV, which names only the optimizers."""

HIDRA_V_ON = "PASCAL VOC, 2913 training and 210 test images; Hidra does not say which of them its values belong to"

VAE = {"schedule": "constant", "epochs": "20"}

EXPERIMENTS = {
    "freeze_depth": Experiment(
        title="Number of frozen layers of the backbone",
        source="Chen, Table 1 and section 2.3",
        module="classifiers.inception_resnet_v2",
        settings=CHEN | {"learning_rates": "1e-4"},
        variants={
            "first 50 frozen": Variant({"freeze": "50"}, CHEN_50),
            "all but last 50 frozen": Variant({"freeze": "-50"}, CHEN_50),
            "first 20 frozen": Variant({"freeze": "20"}, CHEN_20),
            "all but last 20 frozen": Variant({"freeze": "-20"}, CHEN_20),
            "none frozen": Variant({"freeze": "0"}, {"val_accuracy": 0.7512}),
            "first 50 frozen in Keras 2": Variant({"freeze": "50"} | KERAS2, CHEN_50),
            "all but last 50 frozen in Keras 2": Variant({"freeze": "-50"} | KERAS2, CHEN_50),
            "first 20 frozen in Keras 2": Variant({"freeze": "20"} | KERAS2, CHEN_20),
            "all but last 20 frozen in Keras 2": Variant({"freeze": "-20"} | KERAS2, CHEN_20),
        },
        measures=("val_accuracy", "accuracy", "val_loss"),
        published_on="80 classes of scenes, 55,999 images, weights from ImageNet",
        finding="Fewer frozen layers are better, because frozen layers under-train.",
        caution="Chen's table says `50 layers freeze`, its text `the last 50`, and the code it is based on freezes all "
        "but the last 50. The variants cover both readings, with the same published values. In the Keras of that time, "
        "frozen batch norm used the statistics of the batch in training and those of ImageNet in validation: the "
        'variants "in Keras 2" do so too.',
    ),
    "learning_rate_stages": Experiment(
        title="One learning rate, or decreasing rates in stages",
        source="Chen, Table 1 and section 2.3",
        module="classifiers.inception_resnet_v2",
        settings=CHEN | {"schedule": "stages", "patience": "2"},
        variants={
            "1e-4": Variant({"learning_rates": "1e-4"}, {"val_accuracy": 0.7512}),
            "1e-3": Variant({"learning_rates": "1e-3"}, {"val_accuracy": 0.65, "accuracy": 0.75}),
            "1e-3 1e-4": Variant({"learning_rates": "1e-3,1e-4"}, {"val_accuracy": 0.75, "accuracy": 0.85}),
            "1e-3 1e-4 1e-5": Variant(
                {"learning_rates": "1e-3,1e-4,1e-5"}, {"val_accuracy": 0.7905, "accuracy": 0.9063}
            ),
        },
        measures=("val_accuracy", "accuracy", "val_loss"),
        published_on="80 classes of scenes, 55,999 images, weights from ImageNet, nothing frozen",
        finding="Decreasing rates are better than a single one. Chen's stages lasted 4, 8 and 1 epochs.",
        caution="A stage ends after `patience` epochs (2) without improvement. With too few --epochs, training ends "
        "before the last stage.",
    ),
    "image_size": Experiment(
        title="Smaller or larger images",
        source="Gupta, section IV and Figure 13; Goswami and Kumarasamy, experiments 1 and 2",
        module="segmentation.unet_resnet34",
        variants={
            "half size": Variant(GUPTA),
            "then full size": Variant(
                GUPTA
                | {"image_size": "180x240,360x480", "learning_rates": "1e-3,1e-4", "batch_size": "8,4", "epochs": "20"},
                {"val_accuracy": 0.930656},
            ),
            "128 pixels": Variant(
                {"image_size": "128", "epochs": "20"},
                {"val_accuracy": 0.886, "accuracy": 0.935},
                "segmentation.unet_mobilenet_v2",
            ),
            "224 pixels": Variant(
                {"image_size": "224", "epochs": "20"},
                {"val_accuracy": 0.903, "accuracy": 0.928},
                "segmentation.unet_mobilenet_v2",
            ),
        },
        measures=("val_accuracy", "accuracy", "full_size_mean_iou"),
        published_on="CamVid of 32 classes, accuracy without void (Gupta); Oxford-IIIT Pet, 3 classes (Goswami and "
        "Kumarasamy)",
        finding="Larger images are better (Gupta). 224 pixels overfit less than 128: training accuracy is lower and "
        "validation accuracy higher (Goswami and Kumarasamy).",
        caution="Accuracies are measured at the training size, the mean IoU at the original image size.",
    ),
    "one_cycle": Experiment(
        title="One-cycle policy or constant learning rate",
        source="Gupta, section III-B and Figure 13",
        module="segmentation.unet_resnet34",
        settings=GUPTA,
        variants={
            "one-cycle": Variant({"schedule": "one-cycle"}, {"val_accuracy": 0.930656, "val_loss": 0.243556}),
            "constant": Variant({"schedule": "constant"}),
        },
        measures=("val_accuracy", "val_mean_iou", "val_loss"),
        published_on="CamVid of 32 classes at full size after half size, accuracy without void",
        finding="One-cycle needs much less training time.",
    ),
    "optimizers": Experiment(
        title="Optimizers and their learning rates",
        source="Hidra, Table I (ResNet-50) and section IV (VGG16)",
        module="segmentation.unet_resnet50",
        variants={
            "A momentum 1e-4": Variant(
                HIDRA | {"learning_rates": "1e-4"},
                {"val_accuracy": 0.6236, "full_size_mean_precision": 0.9621, "val_loss": 0.732},
            ),
            "B momentum 1e-3": Variant(
                HIDRA | {"learning_rates": "1e-3"},
                {"val_accuracy": 0.7152, "full_size_mean_precision": 0.9287, "val_loss": 0.487},
            ),
            "C adam 1e-3": Variant(
                HIDRA | {"optimizer": "adam", "learning_rates": "1e-3"},
                {"val_accuracy": 0.5997, "full_size_mean_precision": 0.9310, "val_loss": 0.679},
            ),
            "VGG16 sgd 1e-2": Variant(
                UNPOOL | {"optimizer": "sgd", "learning_rates": "1e-2"}, None, "segmentation.vgg16_unpool"
            ),
            "VGG16 momentum 1e-2": Variant(
                UNPOOL | {"optimizer": "momentum", "learning_rates": "1e-2"}, None, "segmentation.vgg16_unpool"
            ),
            "VGG16 adam 1e-3": Variant(
                UNPOOL | {"optimizer": "adam", "learning_rates": "1e-3"}, None, "segmentation.vgg16_unpool"
            ),
        },
        measures=("val_accuracy", "full_size_mean_precision", "val_loss", "val_mean_iou"),
        published_on=HIDRA_V_ON,
        finding="ResNet-50: A is the slowest and has the highest precision, B has the highest accuracy, C is the "
        "fastest. VGG16: adam has the best accuracy and the smoothest curves.",
        caution="Hidra's precision is over all pixels, ours is the mean over classes: compare only the ranking. "
        "Hidra gives no learning rates for VGG16; these are the defaults of Keras.",
    ),
    "class_weights": Experiment(
        title="Weight of the background in the loss",
        source="Hidra, section V-C",
        module="segmentation.unet_resnet50",
        settings=HIDRA,
        variants={
            "A none": Variant({"class_weights": "none"}),
            "B background 0.1": Variant({"class_weights": "background:0.1"}, {"full_size_mean_precision": 0.841}),
            "C background 0.01": Variant({"class_weights": "background:0.01"}, {"full_size_mean_precision": 0.7752}),
            "D balanced": Variant({"class_weights": "balanced"}, {"full_size_mean_precision": 0.842}),
        },
        measures=("full_size_mean_precision", "full_size_mean_iou", "val_accuracy"),
        published_on=HIDRA_V_ON,
        finding="Without weights, everything is predicted as background. B and D have the highest precision. C misses "
        "the background. D finds many classes, but not their shapes.",
        caution="Hidra's precision is over all pixels, ours is the mean over classes: compare only the ranking. "
        "The background is the first class.",
    ),
    "skip_connections": Experiment(
        title="U-Net with and without skip connections",
        source="Hidra, section V-D",
        module="segmentation.unet_resnet50",
        settings=HIDRA,
        variants={
            "A with": Variant({"skip": "True"}),
            "B without": Variant({"skip": "False"}),
        },
        measures=("val_accuracy", "val_mean_iou", "val_loss"),
        published_on=HIDRA_V_ON,
        finding="With skip connections, small objects are found and edges are noisier. Hidra shows images, no numbers.",
    ),
    "cifar_learning_rates": Experiment(
        title="ResNet and VGG16 on CIFAR-10 at two learning rates",
        source="Hidra, section II",
        module="classifiers.cifar_resnet",
        settings={"schedule": "constant", "optimizer": "momentum", "epochs": "60"},
        variants={
            "ResNet 0.1": Variant({"learning_rates": "0.1"}, {"val_accuracy": 0.8373}),
            "ResNet 0.05": Variant({"learning_rates": "0.05"}, {"val_accuracy": 0.8762}),
            "VGG16 0.1": Variant({"learning_rates": "0.1"}, {"val_accuracy": 0.80}, "classifiers.cifar_vgg16"),
            "VGG16 0.05": Variant({"learning_rates": "0.05"}, {"val_accuracy": 0.846}, "classifiers.cifar_vgg16"),
        },
        measures=("val_accuracy", "val_loss", "accuracy"),
        published_on="CIFAR-10, its 10,000 test images; Hidra does not give the number of epochs",
        finding="ResNet is better than VGG16, and 0.05 better than 0.1.",
    ),
    "vae_loss": Experiment(
        title="Reconstruction loss of an auto-encoder",
        source="Hidra, section III",
        module="generation.vae",
        settings=VAE | {"learning_rates": "5e-4"},
        variants={name: Variant({"loss": name}) for name in ("ce", "mse", "ce+mse")},
        measures=("val_mse", "val_loss", "val_kl"),
        published_on="MNIST and CIFAR-10",
        finding="ce+mse has the lowest loss, closely followed by mse. Hidra gives no numbers.",
        caution="The losses have different scales, so their values cannot be compared with each other. Compare the "
        "squared error per pixel, for values of 0..1.",
    ),
    "vae_latent_size": Experiment(
        title="Latent size of an auto-encoder",
        source="Hidra, section III",
        module="generation.vae",
        settings=VAE | {"learning_rates": "5e-4"},
        variants={size: Variant({"latent_size": size}) for size in ("2", "8", "32", "128")},
        measures=("val_loss", "val_mse", "val_kl"),
        published_on="MNIST and CIFAR-10",
        finding="A larger code gives a lower loss and sharper images. Hidra gives no numbers and no sizes.",
    ),
    "vae_learning_rate": Experiment(
        title="Learning rate of an auto-encoder",
        source="Hidra, section III",
        module="generation.vae",
        settings=VAE,
        variants={rate: Variant({"learning_rates": rate}) for rate in ("1e-4", "5e-4", "1e-3", "5e-3")},
        measures=("val_loss", "val_mse", "val_kl"),
        published_on="MNIST and CIFAR-10",
        finding="A higher rate learns faster; 5e-4 is the best. Hidra gives no numbers.",
    ),
}
