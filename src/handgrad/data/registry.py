"""The sources that handgrad knows by name: what they hold, how to recognise them, where they are published."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Registered:
    """A source known by name.

    Attributes:
        title: what it is, for people.
        class_names: label k is class_names[k].
        class_counts: images of each class by division, where the source is published whole and fixed.
        sha256: by file name, of the *decompressed* content; mirrors compress it differently.
        mirrors: addresses of folders that hold the files as .gz, tried in order.
        instead: what to do by hand where it cannot be downloaded.
    """

    title: str
    class_names: tuple[str, ...]
    class_counts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    mirrors: tuple[str, ...] = ()
    instead: str = ""


REGISTRY = {
    "mnist": Registered(
        title="MNIST: 60,000 training and 10,000 test images of handwritten digits, 28×28",
        class_names=tuple("0123456789"),
        class_counts={
            "train": (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
            "test": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
        },
        sha256={
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
    ),
    "fashion-mnist": Registered(
        title="Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 28×28",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        class_counts={"train": (6000,) * 10, "test": (1000,) * 10},
        sha256={
            "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        instead="On Debian the package dataset-fashion-mnist holds it.",
    ),
    "notmnist": Registered(
        title="notMNIST: letters A to J in many fonts, 28×28",
        class_names=tuple("ABCDEFGHIJ"),
        instead=(
            "It is published in several cuts without checksums: unpack notMNIST_small.tar.gz (folders A to J), "
            "or put your course's notMNIST.npz there."
        ),
    ),
}
