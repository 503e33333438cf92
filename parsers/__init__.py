"""Turn artefacts into frames of rows. Knows nothing of patterns or of findings."""

from parsers import (
    client,
    envoy_access,
    envoy_admin,
    envoy_config,
    envoy_log,
    envoy_stats,
    generic,
    java,
    klogging,
    mlserver,
    neighbours,
    prometheus,
    triton,
)
from parsers.parser import Parser

PARSERS: tuple[Parser, ...] = (
    envoy_log.PARSER,
    envoy_access.PARSER,
    envoy_stats.PARSER,
    envoy_config.PARSER,
    envoy_admin.PARSER,
    mlserver.PARSER,
    triton.PARSER,
    klogging.PARSER,
    java.PARSER,
    neighbours.PARSER,
    client.PARSER,
    generic.PARSER,
    prometheus.PARSER,
)
