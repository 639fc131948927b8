"""The pictures of a set that have more than 8 bits per pixel: one range scales all of them."""

from pathlib import Path

from datatransformer.data_records import read_range
from datatransformer.layout import PIXEL_RANGE
from datatransformer.pictures.pixel_range import EIGHT_BITS, FEW_VALUES, OFFSET, PixelRange, ValueSummary, value_text
from datatransformer.report import Report
from settings import SettingError, WorkError, bad_setting
from storage.tables import write_json

DARK = 16
"""A picture is dark if its values are in the lowest part in this many of the range."""

FEW_SHADES = 32
"""Of 256: a picture loses nearly everything if nine tenths of its pixels have fewer shades."""


class DeepPictures:
    """Finds the range, keeps it in the unfinished data folder, and says how pictures were scaled.

    Arguments:
        given: the setting `range`.

    Attributes:
        range: the one that is given or, after a first look at all such pictures, theirs. None: not known yet.
    """

    def __init__(self, given: PixelRange | None, report: Report) -> None:
        self.given, self.report = given, report
        self.values: ValueSummary | None = None
        self.count = self.scaled = self.dark = self.flat = self.outside = 0
        self.first_dark = ""
        self.range = given

    def start(self, work: Path) -> None:
        """Takes up the range that an interrupted run has fixed in the unfinished data folder `work`."""
        self.file = work / PIXEL_RANGE
        if not self.given and (kept := read_range(self.file)) and kept.values:
            self.range = PixelRange(*kept.range)
            self.count, self.values = kept.pictures or 0, ValueSummary(**kept.values.content())

    def take(self, values: ValueSummary, source: str, is_scaled: bool) -> None:
        """Takes up a picture that was scaled, or one that waits for the range."""
        if not is_scaled or self.given:
            self.count += 1
            self.values = self.values.merge(values) if self.values else values
        if is_scaled and self.range:
            self._take_scaled(values, source, self.range)

    def _take_scaled(self, values: ValueSummary, source: str, used: PixelRange) -> None:
        self.scaled += 1
        self.outside += values.usual_high <= used.low or values.usual_low >= used.high
        if values.usual_high <= used.low + (used.high - used.low) / DARK:
            self.dark += 1
            self.first_dark = self.first_dark or source
        if values.main_low is not None and values.main_high is not None:
            low, high = max(values.main_low, used.low), min(values.main_high, used.high)
            self.flat += (high - low) * (EIGHT_BITS + 1) < FEW_SHADES * (used.high - used.low)

    def decide(self) -> bool:
        """Fixes the range if pictures wait for it, and returns whether they do. Raises WorkError if none fits all."""
        if self.range or self.values is None:
            return False
        if self.values.has_integers and self.values.has_floats:
            raise WorkError(
                f"{self.count} pictures have more than 8 bits per pixel: some hold whole numbers, others floating-"
                f"point numbers ({_span(self.values)}), and one range scales all. Give it (--range MIN,MAX), or save "
                "them in one type."
            )
        self.range = self.values.range()
        self._write()
        return True

    def describe(self, pictures: int) -> None:
        """Tells the report what was done; `pictures` is the number of all pictures in the data folder.

        Raises SettingError if the given range leaves nothing of any picture.
        """
        if self.values is None or self.range is None:
            if self.given:
                self.report.warn("--range had no effect: no picture has more than 8 bits per pixel.")
            return
        if self.given:
            if self.outside == self.scaled:
                raise self._out_of_range()
            self._write()
        bits = f" ({self.range.bits} bits)" if self.range.bits else ""
        one = self.count == 1
        self.report.note(
            f"{self.count} picture{'' if one else 's'} {'has' if one else 'have'} {self.values.bits} bits per pixel; "
            f"{'its' if one else 'their'} values, {_span(self.values)}, were scaled by {self.range}{bits} to 0..255."
        )
        self._warn_of_outliers()
        self._warn_of_range()
        others = pictures - self.count
        if others > 0:
            self.report.warn(
                f"Pictures of more than 8 bits per pixel: {self.count} of {pictures}. A model could learn this "
                "difference instead of what the pictures show. If another range is right, name it: --range MIN,MAX"
            )

    def _out_of_range(self) -> SettingError:
        assert self.values is not None and self.given is not None
        low, high = map(value_text, self.values.usual)
        allowed = (
            "makes every picture of more than 8 bits black or white: nearly all of their values are "
            f"{low} to {high}; name another range, or leave it out"
        )
        return SettingError(bad_setting("range", ",".join(map(value_text, self.given)), allowed))

    def _warn_of_outliers(self) -> None:
        """Names values that did not count for the range."""
        assert self.values is not None
        outliers = [] if self.given else self.values.outliers
        if not outliers:
            return
        low, high = map(value_text, self.values.without_outliers)
        it = "it" if len(outliers) == 1 else "they"
        self.report.warn(
            f"The value{'s' * (len(outliers) > 1)} {' and '.join(map(value_text, outliers))} of more than 8 bits lie"
            f"{'s' * (len(outliers) == 1)} far from all others, {low} to {high}. Pixels without a value and defects of "
            f"sensors have such values, so {it} did not count for the range. If {it} should: "
            f"--range={value_text(self.values.low)},{value_text(self.values.high)}"
        )

    def _warn_of_range(self) -> None:
        assert self.values is not None and self.range is not None
        low, high = self.values.usual
        main_low, main_high = self.values.main_low, self.values.main_high
        width = self.range.high - self.range.low
        if high - low < width / FEW_VALUES and not self.given:
            least = max(low, self.range.low) if low < 0 or low * OFFSET > high else 0
            self.report.warn(
                f"All but a thousandth of the values of more than 8 bits are {value_text(low)} to "
                f"{value_text(high)}, but the range is {self.range}: the pictures are dark or have little contrast. "
                f"If the other values mean nothing: --range={value_text(least)},{value_text(high)}"
            )
        elif self.flat * 2 > self.scaled and main_low is not None and main_high is not None:
            is_narrower = (main_high - main_low) * 2 < width
            text = f"If it matters: --range={value_text(main_low)},{value_text(main_high)}"
            self.report.warn(
                f"In {self.flat} of {self.scaled} pictures of more than 8 bits nine tenths of the pixels have fewer "
                f"than {FEW_SHADES} of 256 shades of gray in the range {self.range}, so most of what they show is lost."
                f" {text if is_narrower else 'No range suits all, since they differ in brightness'}"
            )
        elif self.dark and self.scaled > self.dark:
            self.report.warn(
                f"{self.dark} pictures of more than 8 bits have hardly a value above a {DARK}th of the range "
                f"{self.range} and are almost black, first {self.first_dark}. If another range is right, name it: "
                "--range MIN,MAX"
            )

    def _write(self) -> None:
        assert self.range is not None and self.values is not None
        content = {"range": list(self.range), "pictures": self.count, "values": self.values._asdict()}
        write_json(self.file, content)


def _span(values: ValueSummary) -> str:
    return f"{value_text(values.low)} to {value_text(values.high)}"
