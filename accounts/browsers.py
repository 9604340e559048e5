"""What a browser calls itself, as a person knows it. Pure; a wrong guess shows a wrong name and no more."""

from typing import Final

# The first mark that is in the header decides: later ones are in earlier ones' headers too.
_BROWSERS: Final = (
    *(("YaBrowser/", "Yandex Browser"), ("OPR/", "Opera"), ("Edg", "Edge"), ("SamsungBrowser/", "Samsung")),
    *(("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome")),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows")),
    *(("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux")),
)


def names(agent: str) -> tuple[str, str]:
    """The browser and the system it runs on; what isn't known is empty."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return browser, system
