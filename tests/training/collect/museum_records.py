"""One record in the form that each museum documents it."""

import csv
import io
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class Painting:
    """What all museums' records are made from."""

    number: int
    first: int
    last: int
    artist: str
    title: str = "Study"
    picture: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def cleveland_record(each: Painting) -> dict[str, Any]:
    accession = f"1950.{each.number}"
    base = f"https://openaccess-cdn.clevelandart.org/{accession}/{accession}"
    return {
        "id": each.number,
        "accession_number": accession,
        "title": each.title,
        "creation_date": f"c. {each.first}-{each.last}",
        "creation_date_earliest": each.first,
        "creation_date_latest": each.last,
        "creators": [
            {
                "description": f"{each.artist} (Italian, 1300-1360)",
                "role": "artist",
                "qualifier": None,
            }
        ],
        "culture": ["Italy, Siena"],
        "department": "European Painting and Sculpture",
        "type": "Painting",
        "technique": "tempera and gold on wood",
        "share_license_status": "CC0",
        "images": {
            "web": {"url": f"{base}_web.jpg", "width": "893", "height": "700"},
            "print": {"url": f"{base}_print.jpg", "width": "3400", "height": "2660"},
            "full": {"url": f"{base}_full.tif"},
        },
        "url": f"https://clevelandart.org/art/{accession}",
    } | each.extra


def met_record(each: Painting) -> dict[str, Any]:
    return {
        "objectID": each.number,
        "isPublicDomain": True,
        "primaryImage": f"https://images.metmuseum.org/CRDImages/ep/original/DT{each.number}.jpg",
        "primaryImageSmall": f"https://images.metmuseum.org/CRDImages/ep/web-large/DT{each.number}.jpg",
        "department": "European Paintings",
        "objectName": "Painting",
        "title": each.title,
        "culture": "",
        "period": "",
        "artistPrefix": "",
        "artistSuffix": "",
        "artistDisplayName": each.artist,
        "artistULAN_URL": "",
        "artistWikidata_URL": f"https://www.wikidata.org/wiki/Q{each.artist.split()[-1][7:]}9",
        "objectDate": f"ca. {each.first}",
        "objectBeginDate": each.first,
        "objectEndDate": each.last,
        "medium": "Oil on canvas",
        "classification": "Paintings",
        "objectURL": f"https://www.metmuseum.org/art/collection/search/{each.number}",
    } | each.extra


def nga_objects(found: list[Painting]) -> list[dict[str, str]]:
    return [
        {
            "objectid": str(each.number),
            "accessionnum": f"1937.1.{each.number}",
            "title": each.title,
            "displaydate": f"c. {each.first}",
            "beginyear": str(each.first),
            "endyear": str(each.last),
            "medium": "tempera on panel",
            "provenancetext": 'Sold, "as is",\nto a dealer;\r\nbought 1937.',
            "attribution": each.artist,
            "classification": "Painting",
            "parentid": "",
            "isvirtual": "0",
            "departmentabbr": "DCPA",
            "wikidataid": "",
        }
        | {name: value for name, value in each.extra.items() if name not in _IMAGE_COLUMNS}
        for each in found
    ]


_IMAGE_COLUMNS = ("uuid", "iiifurl", "maxpixels", "openaccess", "viewtype")


def nga_images(found: list[Painting]) -> list[dict[str, str]]:
    return [
        {
            "uuid": f"uuid-{each.number}",
            "iiifurl": f"https://api.nga.gov/iiif/uuid-{each.number}",
            "viewtype": view,
            "sequence": "0",
            "maxpixels": "",
            "depictstmsobjectid": str(each.number),
            "assistivetext": 'A saint says, "peace",\non a gold ground.\n\nNine lines, more.',
            "openaccess": "1",
        }
        | {
            name: value
            for name, value in each.extra.items()
            if name in _IMAGE_COLUMNS and view == "primary"
        }
        for each in found
        for view in ("primary", "alternate")
    ]


def as_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["objectid"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def smk_record(each: Painting) -> dict[str, Any]:
    return {
        "id": f"{each.number}_object",
        "object_number": f"KMS{each.number}",
        "titles": [
            {"title": "Studie", "language": "dansk"},
            {"title": each.title, "language": "engelsk"},
        ],
        "artist": [each.artist],
        "production": [{"creator": each.artist, "creator_nationality": "Danish"}],
        "production_date": [
            {
                "start": f"{each.first}-01-01T00:00:00.000Z",
                "end": f"{each.last}-12-31T00:00:00.000Z",
                "period": f"{each.first}-{each.last}",
            }
        ],
        "object_names": [{"name": "painting"}],
        "techniques": ["Olie på lærred"],
        "rights": "https://creativecommons.org/publicdomain/mark/1.0/",
        "public_domain": True,
        "has_image": True,
        "image_iiif_id": f"https://iip.smk.dk/iiif/jp2/kms{each.number}.tif.jp2",
        "image_native": f"https://iip.smk.dk/iiif/jp2/kms{each.number}.tif.jp2/full/full/0/native.jpg",
        "frontend_url": f"https://open.smk.dk/artwork/image/KMS{each.number}",
    } | each.extra


def rijks_object(each: Painting) -> dict[str, Any]:
    english = [{"id": "http://vocab.getty.edu/aat/300388277", "type": "Language"}]
    return {
        "id": f"https://id.rijksmuseum.nl/200{each.number}",
        "type": "HumanMadeObject",
        "identified_by": [
            {
                "type": "Name",
                "content": "Studie",
                "language": [{"id": "http://vocab.getty.edu/aat/300388256"}],
            },
            {"type": "Name", "content": each.title, "language": english},
            {"type": "Identifier", "content": f"SK-A-{each.number}"},
        ],
        "produced_by": {
            "type": "Production",
            "timespan": {
                "type": "TimeSpan",
                "identified_by": [{"type": "Name", "content": f"c. {each.first} - c. {each.last}"}],
                "begin_of_the_begin": f"{each.first}-01-01T00:00:00Z",
                "end_of_the_end": f"{each.last}-12-31T23:59:59Z",
            },
            "part": [
                {
                    "type": "Production",
                    "referred_to_by": [
                        {"type": "LinguisticObject", "content": "on canvas"},
                        {"type": "LinguisticObject", "content": f"painter: {each.artist}"},
                    ],
                    "carried_out_by": [
                        {"id": f"https://id.rijksmuseum.nl/210{each.number // 2}", "type": "Person"}
                    ],
                }
            ],
        },
        "shows": [{"id": f"https://id.rijksmuseum.nl/202{each.number}", "type": "VisualItem"}],
    } | {name: value for name, value in each.extra.items() if name != "subject_to"}


def rijks_visual(each: Painting) -> dict[str, Any]:
    return {
        "id": f"https://id.rijksmuseum.nl/202{each.number}",
        "type": "VisualItem",
        "subject_to": each.extra.get(
            "subject_to",
            [
                {
                    "type": "Right",
                    "classified_as": [
                        {"id": "https://creativecommons.org/publicdomain/mark/1.0/", "type": "Type"}
                    ],
                }
            ],
        ),
        "digitally_shown_by": [
            {"id": f"https://id.rijksmuseum.nl/500{each.number}", "type": "DigitalObject"}
        ],
    }


def rijks_digital(each: Painting) -> dict[str, Any]:
    # A single thing without its brackets, as the museum writes it too.
    return {
        "type": "DigitalObject",
        "access_point": {
            "id": f"https://iiif.micr.io/R{each.number}/full/max/0/default.jpg",
            "type": "DigitalObject",
        },
    }


def artic_record(each: Painting) -> dict[str, Any]:
    return {
        "id": each.number,
        "title": each.title,
        "artist_title": each.artist,
        "artist_display": f"{each.artist}\nFrench, 1600-1650",
        "artist_id": each.number // 2,
        "date_start": each.first,
        "date_end": each.last,
        "date_display": f"c. {each.first}",
        "is_public_domain": True,
        "image_id": f"aaaa-{each.number}",
        "place_of_origin": "France",
        "department_title": "Painting and Sculpture of Europe",
        "artwork_type_title": "Painting",
        "classification_title": "oil on canvas",
    } | each.extra


def wikidata_rows(each: Painting) -> list[dict[str, dict[str, str]]]:
    facts = {
        "work": f"http://www.wikidata.org/entity/Q{each.number}",
        "workLabel": each.title,
        "image": "http://commons.wikimedia.org/wiki/Special:FilePath/"
        + quote(f"work {each.number}.jpg"),
        "time": f"{each.first}-01-01T00:00:00Z",
        "precision": "9",
        "creator": f"http://www.wikidata.org/entity/Q{each.number // 2}",
        "creatorLabel": each.artist,
        "keeperLabel": "Galleria degli Uffizi",
        "originLabel": "Italy",
    } | {name: value for name, value in each.extra.items() if name != "page"}
    row = {name: {"type": "literal", "value": str(value)} for name, value in facts.items() if value}
    # Two keepers make two rows of one painting.
    return [row, row | {"keeperLabel": {"type": "literal", "value": "Italian State"}}]


def commons_page(each: Painting) -> dict[str, Any]:
    page: dict[str, Any] = {
        "pageid": each.number,
        "title": f"File:Work {each.number}.jpg",
        "imageinfo": [
            {
                "url": f"https://upload.wikimedia.org/wikipedia/commons/a/a1/Work_{each.number}.jpg",
                "thumburl": f"https://thumb.wikimedia.org/a/a1/Work_{each.number}.jpg/960px.jpg",
                "mime": "image/jpeg",
                "extmetadata": {
                    "LicenseShortName": {"value": "Public domain"},
                    "License": {"value": "pd"},
                },
            }
        ],
    }
    return page | dict(each.extra.get("page", {}))
