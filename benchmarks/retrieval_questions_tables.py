"""Questions about numpy and pandas, with what answers them.

Written before any ranking of them was seen; how words and meaning are fused was chosen by them, and
then measured once with the questions about the standard library (`retrieval_questions.py`).
"""

from __future__ import annotations

from typing import Final

IN_OTHER_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("flip a table so that rows become columns", "DataFrame.transpose numpy.transpose"),
    ("throw away lines that contain empty cells", "DataFrame.dropna Series.dropna"),
    ("put a number into every empty cell", "DataFrame.fillna Series.fillna"),
    (
        "merge two tables on a shared key like in a database",
        "DataFrame.merge pandas.merge DataFrame.join",
    ),
    ("stack several tables on top of each other", "pandas.concat"),
    ("average per category", "DataFrame.groupby Series.groupby"),
    ("how often does each value occur", "Series.value_counts DataFrame.value_counts"),
    ("give the headings other names", "DataFrame.rename"),
    ("order the lines by what is in one column", "DataFrame.sort_values"),
    ("take out lines that appear twice", "DataFrame.drop_duplicates Series.drop_duplicates"),
    ("average over a sliding window of the last days", "DataFrame.rolling Series.rolling"),
    ("turn text into dates", "pandas.to_datetime"),
    ("spreadsheet file into memory", "pandas.read_excel"),
    ("save the table as comma separated text", "DataFrame.to_csv Series.to_csv"),
    ("go from wide layout to long layout", "DataFrame.melt pandas.melt pandas.wide_to_long"),
    ("summary with mean, spread and quartiles at a glance", "DataFrame.describe Series.describe"),
    ("show only the first few lines", "DataFrame.head Series.head"),
    ("pick lines at random", "DataFrame.sample Series.sample"),
    ("change daily figures into monthly ones", "DataFrame.resample Series.resample"),
    ("sort continuous measurements into bins with equal counts", "pandas.qcut"),
    ("make indicator columns out of categories", "pandas.get_dummies"),
    ("how strongly do columns move together", "DataFrame.corr Series.corr numpy.corrcoef"),
    ("difference to the previous line", "DataFrame.diff Series.diff numpy.diff"),
    ("percentage growth from one line to the next", "DataFrame.pct_change Series.pct_change"),
    ("solve a system of linear equations", "numpy.linalg.solve"),
    (
        "best fitting line when there are more equations than unknowns",
        "numpy.linalg.lstsq numpy.polyfit",
    ),
    ("the matrix that undoes another matrix", "numpy.linalg.inv numpy.linalg.pinv"),
    ("length of a vector", "numpy.linalg.norm"),
    ("zeros of a polynomial", "numpy.roots"),
    ("fit a curve of a given degree to points", "numpy.polyfit"),
    ("evenly spaced values between two ends", "numpy.linspace"),
    ("values between known points by straight lines", "numpy.interp"),
    ("area under sampled curve", "numpy.trapezoid numpy.trapz"),
    ("running total", "numpy.cumsum DataFrame.cumsum Series.cumsum"),
    ("position of the biggest entry", "numpy.argmax Series.argmax DataFrame.idxmax Series.idxmax"),
    ("keep values within a lower and an upper bound", "numpy.clip DataFrame.clip Series.clip"),
    ("frequencies contained in a signal", "numpy.fft.fft numpy.fft.rfft"),
    ("glue arrays side by side", "numpy.hstack numpy.concatenate numpy.column_stack"),
    ("each distinct value once", "numpy.unique Series.unique pandas.unique"),
    (
        "which elements of one array are also in another",
        "numpy.isin numpy.in1d Series.isin DataFrame.isin numpy.intersect1d",
    ),
    ("swap the order of the elements, last becomes first", "numpy.flip numpy.flipud numpy.fliplr"),
    ("make a copy of an array bigger by repeating it like tiles", "numpy.tile"),
    (
        "choose between two arrays depending on a condition",
        "numpy.where numpy.select DataFrame.where Series.where",
    ),
    ("number of elements that are not zero", "numpy.count_nonzero"),
    ("are two arrays equal up to small rounding errors", "numpy.allclose numpy.isclose"),
    ("shuffle a sequence", "numpy.random.shuffle numpy.random.permutation"),
    (
        "bell curve random numbers",
        "numpy.random.normal numpy.random.standard_normal numpy.random.randn",
    ),
    ("count how many values fall into each interval", "numpy.histogram"),
    ("break an array into pieces of equal size", "numpy.split numpy.array_split"),
    ("remove axes of length one", "numpy.squeeze"),
)

NAMING_THINGS: Final[tuple[tuple[str, str], ...]] = (
    ("numpy meshgrid indexing argument", "numpy.meshgrid"),
    ("einsum subscripts", "numpy.einsum"),
    ("DataFrame pivot_table aggfunc margins", "DataFrame.pivot_table pandas.pivot_table"),
    ("qr decomposition mode", "numpy.linalg.qr"),
    ("svd full_matrices", "numpy.linalg.svd"),
    ("what does nan_to_num replace", "numpy.nan_to_num"),
    ("read_csv usecols", "pandas.read_csv"),
    ("ewm halflife", "DataFrame.ewm Series.ewm"),
    ("searchsorted side right", "numpy.searchsorted"),
    ("merge_asof tolerance direction", "pandas.merge_asof"),
    ("apply_along_axis", "numpy.apply_along_axis"),
    ("cholesky upper", "numpy.linalg.cholesky"),
    ("bincount minlength", "numpy.bincount"),
    ("explode ignore_index", "DataFrame.explode Series.explode"),
    ("crosstab normalize", "pandas.crosstab"),
    ("fftshift", "numpy.fft.fftshift"),
    ("tensordot axes", "numpy.tensordot"),
    ("unravel_index", "numpy.unravel_index"),
    ("interpolate limit_direction", "DataFrame.interpolate Series.interpolate"),
    ("to_numeric errors coerce", "pandas.to_numeric"),
    ("kron product", "numpy.kron"),
    ("eigvalsh of a Hermitian matrix", "numpy.linalg.eigvalsh"),
    ("nlargest keep argument of a DataFrame", "DataFrame.nlargest"),
    ("set_index verify_integrity", "DataFrame.set_index"),
    ("packbits bitorder", "numpy.packbits"),
)

QUESTIONS: Final = IN_OTHER_WORDS + NAMING_THINGS
