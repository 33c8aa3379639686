"""Is a route there for what watches the service: a health check, a probe of the platform?"""

from __future__ import annotations

import re

from strop.project.project import Project
from strop.project.shipped.values import Service
from strop.regex import regex

_PROBED = regex(
    r"/([\w-]*[_-])?(health\w*|(is|keep)?alive|live(z|ness)?|ready(z)?|readiness|ping|heartbeat)([_-][\w-]*)?/?$",
    re.IGNORECASE,
)
_OTHERS = regex(
    r"postgres|mysql|maria|redis|valkey|mongo|rabbit|kafka|zookeeper|elastic|opensearch|minio|nginx|traefik|keycloak|qdrant",
    re.IGNORECASE,
)


def is_probed(key: str) -> bool:
    """Whether the path of a route ends as that of a health check does: "GET /health", not "GET /shipping"."""
    return bool(_PROBED.search(key))


def is_watched(project: Project) -> bool:
    """Whether a file beside the code has the service asked whether it lives: a container's health check, Kubernetes."""
    shipped = project.shipped
    instructions = (i for image in shipped.images for stage in image.stages for i in stage.instructions)
    return bool(
        shipped.probes
        or any(i.name == "HEALTHCHECK" and "NONE" not in i.text.upper().split() for i in instructions)
        or any(_is_watched(service) for service in shipped.services)
    )


def _is_watched(service: Service) -> bool:
    """Whether a service that isn't a store of somebody else's has a health check."""
    return "healthcheck" in service.keys and bool(service.builds or not _OTHERS.search(service.image))
