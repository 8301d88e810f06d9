"""The named data sets: what they are, and where their files come from. Plain facts, so no torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from burnish.common.errors import unknown
from burnish.data.schema import Goal, Kind


@dataclass(frozen=True)
class RemoteFile:
    """A file of a downloadable set: mirrors of the same bytes, their digest and number."""

    name: str
    sha256: str
    bytes: int
    mirrors: tuple[str, ...]
    """Addresses of the folder that holds the file, or of the file itself."""

    @property
    def urls(self) -> tuple[str, ...]:
        """Full addresses, in the order to try."""
        return tuple(mirror + self.name if mirror.endswith("/") else mirror for mirror in self.mirrors)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One named data set.

    ``samples`` counts training samples, with the part that validation (and the test, where the set has none of its own)
    is taken from; ``test_samples`` is the set's own test split. A set without ``files`` is bundled or computed.
    """

    name: str
    description: str
    kind: Kind
    goal: Goal
    input_shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    samples: int
    test_samples: int = 0
    licence: str
    reader: Literal["bundled", "ring", "idx", "cifar", "text", "image-archive"]
    files: tuple[RemoteFile, ...] = ()

    @property
    def download_bytes(self) -> int:
        """What a first use transfers where no copy is found; 0 where nothing is needed or nothing is offered."""
        return sum(file.bytes for file in self.files if file.mirrors)


_DIGITS = tuple(str(digit) for digit in range(10))
_UCI = "CC BY 4.0 (UCI), bundled with scikit-learn"
_CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

# Digests are those of the files as published: many independent projects record the same ones. Those of tiny-shakespeare
# and cifar10-jpeg were computed from copies too; copies of fashion-mnist in Debian are compressed anew and differ.
_MNIST = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
_FASHION = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
)
_CIFAR = ("https://www.cs.toronto.edu/~kriz/", "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/")
_SHAKESPEARE = ("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/",)

_ENTRIES = (
    Entry(
        name="digits",
        description="handwritten digits, 8x8 grey",
        kind="image",
        goal="classification",
        input_shape=(1, 8, 8),
        classes=_DIGITS,
        samples=1797,
        licence=_UCI,
        reader="bundled",
    ),
    Entry(
        name="iris",
        description="iris flowers by the size of their leaves",
        kind="table",
        goal="classification",
        input_shape=(4,),
        classes=("setosa", "versicolor", "virginica"),
        samples=150,
        licence=_UCI,
        reader="bundled",
    ),
    Entry(
        name="wine",
        description="three cultivars of wine by chemical analysis",
        kind="table",
        goal="classification",
        input_shape=(13,),
        classes=("class_0", "class_1", "class_2"),
        samples=178,
        licence=_UCI,
        reader="bundled",
    ),
    Entry(
        name="breast-cancer",
        description="breast tumours by the shape of their cell nuclei (Wisconsin, diagnostic)",
        kind="table",
        goal="classification",
        input_shape=(30,),
        classes=("malignant", "benign"),
        samples=569,
        licence=_UCI,
        reader="bundled",
    ),
    Entry(
        name="diabetes",
        description="progress of diabetes after a year, from ten baseline measurements",
        kind="table",
        goal="regression",
        input_shape=(10,),
        samples=442,
        licence="none stated (Efron et al. 2004), bundled with scikit-learn",
        reader="bundled",
    ),
    Entry(
        name="points",
        description="eight Gaussians on a circle, drawn from the seed, to learn to generate",
        kind="points",
        goal="generation",
        input_shape=(2,),
        samples=10_000,
        licence="none needed: computed",
        reader="ring",
    ),
    Entry(
        name="mnist",
        description="handwritten digits, 28x28 grey",
        kind="image",
        goal="classification",
        input_shape=(1, 28, 28),
        classes=_DIGITS,
        samples=60_000,
        test_samples=10_000,
        licence="CC BY-SA 3.0",
        reader="idx",
        files=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                9_912_422,
                _MNIST,
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                28_881,
                _MNIST,
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                1_648_877,
                _MNIST,
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                4_542,
                _MNIST,
            ),
        ),
    ),
    Entry(
        name="fashion-mnist",
        description="articles of clothing, 28x28 grey",
        kind="image",
        goal="classification",
        input_shape=(1, 28, 28),
        classes=(
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
        samples=60_000,
        test_samples=10_000,
        licence="MIT (Zalando Research)",
        reader="idx",
        files=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                26_421_880,
                _FASHION,
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                29_515,
                _FASHION,
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                4_422_102,
                _FASHION,
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                5_148,
                _FASHION,
            ),
        ),
    ),
    Entry(
        name="cifar10",
        description="photographs of ten kinds of things, 32x32 colour",
        kind="image",
        goal="classification",
        input_shape=(3, 32, 32),
        classes=_CIFAR_CLASSES,
        samples=50_000,
        test_samples=10_000,
        licence="none stated",
        reader="cifar",
        files=(
            RemoteFile(
                "cifar-10-binary.tar.gz",
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                170_052_171,
                _CIFAR,
            ),
        ),
    ),
    Entry(
        name="cifar10-jpeg",
        description="CIFAR-10 re-encoded as JPEG files: scores are about 10 points below those published for cifar10",
        kind="image",
        goal="classification",
        input_shape=(3, 32, 32),
        classes=_CIFAR_CLASSES,
        samples=50_000,
        test_samples=10_000,
        licence="none stated",
        reader="image-archive",
        files=(
            RemoteFile(
                "cifar10-jpeg.tar.gz",
                "8d8437376819a5c304d3ecf515adfc156354815e7f0e7ff4df922fd55cf502ce",
                19_639_641,
                (),
            ),
        ),
    ),
    Entry(
        name="tiny-shakespeare",
        description="40,000 lines of Shakespeare, 65 symbols",
        kind="text",
        goal="language-modelling",
        input_shape=(128,),
        samples=1_115_394,
        licence="public domain",
        reader="text",
        files=(
            RemoteFile(
                "input.txt",
                "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                1_115_394,
                _SHAKESPEARE,
            ),
        ),
    ),
)


def names() -> list[str]:
    """Names of every known data set, sorted.

    >>> "digits" in names()
    True
    """
    return sorted(entry.name for entry in _ENTRIES)


def entry(name: str) -> Entry:
    """What is known about a named set.

    Raises:
        InputError: there is no set of this name.

    >>> entry("iris").classes
    ('setosa', 'versicolor', 'virginica')
    """
    for known in _ENTRIES:
        if known.name == name:
            return known
    raise unknown("data set", name, names())
