"""What markets really published, a few rows of each, typed in again: numbers are facts.

Sources: SPP's RTBM-LMP-SL files of 2025-03-31 (electricitymaps-contrib's mocks), MISO's GetExAnteLmp of
2026-10-02 (miso-terminal's fixtures), IESO's zonal prices of 2026-06-30, NYISO's day-ahead file of 2025-11-02
(macrogauge's fixtures), ERCOT's dashboard of 2026-04-24, CAISO's PRC_INTVL_LMP of 2025-07-18, AESO's system
marginal price of 2024-04-16, ISO-NE's five-minute prices of 2026-03-02, a Bank of Canada rate of 2026-09-22.
"""

import io
import json
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SPP_HEAD = "Interval,GMTIntervalEnd,Settlement Location,Pnode,LMP,MLC,MCC,MEC"
# The end of each interval in GMT → LMP of SPPNORTH_HUB; the file of 13:45 was empty.
SPP_NORTH = {
    "13:40": "36.0854",
    "13:45": "",
    "13:50": "29.4415",
    "13:55": "34.5103",
    "14:00": "28.5127",
    "14:05": "25.8087",
    "14:10": "22.9526",
}
MISO = json.dumps(
    {
        "LMPData": {
            "RefId": "02-Oct-2026 - Interval 16:50 EST",
            "ExAnteLMP": {
                "HourAndMin": "16:50",
                "Hub": [
                    {"name": "MINN.HUB", "LMP": "26.04", "loss": "-0.30", "congestion": "-6.40"},
                    {"name": "INDIANA.HUB", "LMP": "31.74", "loss": "-0.11", "congestion": "-0.89"},
                ],
            },
        }
    }
).encode()
ERCOT = json.dumps(
    {
        "lastUpdated": "2026-04-24 22:17:00-0500",
        "rtSppData": [
            {
                **{"intervalEnding": "22:15", "dstFlag": "N", "hbBusAvg": 215.27, "hbHubAvg": 259.03},
                **{"hbNorth": 142.73, "hbPan": -4.06, "lzWest": 809.79, "lzRaybn": None},
                **{"timestamp": "2026-04-24 22:15:00-0500", "interval": 1777086900000},
            }
        ],
        "damSppData": [{"hourEnding": 1, "hbNorth": 47.0, "interval": 1777096800000}],
    }
).encode()
AESO = json.dumps(
    {
        "timestamp": "2024-04-16 05:42:10.356+0000",
        "return": {
            "System Marginal Price Report": [
                {
                    "begin_datetime_utc": "2024-04-16 05:33",
                    "end_datetime_utc": "2024-04-17 05:59",
                    "system_marginal_price": "30.41",
                    "volume": "50",
                },
                {
                    "begin_datetime_utc": "2024-04-16 05:28",
                    "end_datetime_utc": "2024-04-16 05:33",
                    "system_marginal_price": "25.41",
                    "volume": "20",
                },
            ]
        },
    }
).encode()
ISONE_ROW = {
    "BeginDate": "2026-03-02T21:15:00.000-05:00",
    "Location": {"@LocId": "4001", "@LocType": "LOAD ZONE", "$": ".Z.MAINE"},
    "LmpTotal": 111.4,
    "EnergyComponent": 114.53,
    "CongestionComponent": 0,
    "LossComponent": -3.13,
}
PJM = json.dumps(
    {
        "items": [
            {"datetime_beginning_utc": "2026-09-08T22:55:00", "pnode_id": 51288, "total_lmp_rt": 283.51},
            {"datetime_beginning_utc": "2026-09-08T22:50:00", "pnode_id": 51288, "total_lmp_rt": -1.5},
        ]
    }
).encode()
VALET = json.dumps({"observations": [{"d": "2026-09-22", "FXUSDCAD": {"v": "1.4064"}}]}).encode()


def spp(end: str, *, baa: bool = False) -> bytes:
    """The file of an interval of 2025-03-31 by its end; `baa`: with the column of April 2026."""
    if not SPP_NORTH[end]:
        return b""
    hour, minute = end.split(":")
    local = f"03/31/2025 {int(hour) - 5:02}:{minute}:00,03/31/2025 {end}:00"
    row = f"{local},SPPNORTH_HUB,SPPNORTH_H,{SPP_NORTH[end]},-3.8271,-250.1463,290.0588"
    if not baa:
        return f"{SPP_HEAD}\r\n{row}\r\n".encode()
    west = f"{local},SPPNORTH_HUB,SPPNORTH_H,99.99,0,0,99.99,SWPW"
    return f"{SPP_HEAD},BAA\r\n{west}\r\n{row},SPP\r\n".encode()


def ieso() -> bytes:
    """Hour 2 of 2026-06-30: two intervals with a price, ten to come."""
    prices = {"NORTHWEST:HUB": ("-28.42", "-30.73"), "TORONTO:HUB": ("34.45", "29.86")}
    zones = "".join(
        f"<TransactionZone><ZoneName>{zone}</ZoneName>"
        + "".join(
            f"<IntervalPrice><Interval>{number}</Interval>"
            + (f"<ZonalPrice>{known[number - 1]}</ZonalPrice>" if number <= 2 else "<ZonalPrice/>")
            + "</IntervalPrice>"
            for number in range(1, 13)
        )
        + "</TransactionZone>"
        for zone, known in prices.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document docID="RealtimeZonalEnergyPrices" xmlns="http://www.ieso.ca/schema"><DocBody>'
        f"<DELIVERYDATE>2026-06-30</DELIVERYDATE><DELIVERYHOUR>2</DELIVERYHOUR>"
        f"<ZonalPrices>{zones}</ZonalPrices></DocBody></Document>"
    ).encode()


def nyiso(day: date, step: timedelta) -> bytes:
    """A whole day of New York's clock; an hourly file stamps beginnings, a five-minute one ends."""
    zone = ZoneInfo("America/New_York")
    at = datetime.combine(day, time(), zone).astimezone(UTC)
    over = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    hourly = step == timedelta(hours=1)
    prices = {"11/02/2025 01:00": iter(["53.65", "52.59"])}
    lines = ['"Time Stamp","Name","PTID","LBMP ($/MWHr)","Marginal Cost Losses ($/MWHr)"']
    while at < over:
        stamp = f"{(at if hourly else at + step).astimezone(zone):%m/%d/%Y %H:%M}"
        price = next(prices.get(stamp, iter(())), "40.76") if hourly else "40.76"
        lines.append(f'"{stamp}{"" if hourly else ":00"}","N.Y.C.",61761,{price},0.99')
        at += step
    return "\r\n".join(lines).encode()


def caiso(column: str = "VALUE", name: str = "20250718_PRC_INTVL_LMP_RTM_v3.csv") -> bytes:
    """The zip of an interval of NP15: VALUE in version 3, MW in version 1; parts of the price beside it."""
    head = f"INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,NODE,LMP_TYPE,{column},GROUP"
    when = "2025-07-18T07:00:00-00:00,2025-07-18T07:05:00-00:00"
    parts = {"MCE": "48.94640", "MCC": "-1.68082", "LMP": "50.48609", "MCL": "3.22051"}
    lines = [head, *(f"{when},TH_NP15_GEN-APND,{kind},{price},1" for kind, price in parts.items())]
    return zipped(name, "\n".join(lines))


def zipped(name: str, text: str) -> bytes:
    """A zip of one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return file.getvalue()
