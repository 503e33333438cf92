"""Turn artefacts into frames of rows. Knows nothing of patterns or of findings."""

from parsers import (
    client,
    dumps,
    envoy_access,
    envoy_admin,
    envoy_config,
    envoy_log,
    envoy_stats,
    generic,
    java,
    klog,
    klogging,
    kubectl,
    kubernetes,
    librdkafka,
    logrus,
    mlserver,
    neighbours,
    prometheus,
    rclone,
    seldon_cli,
    triton,
    unstarted,
    zap,
)
from parsers.parser import Parser

PARSERS: tuple[Parser, ...] = (
    kubernetes.PARSER,
    kubectl.PARSER,
    seldon_cli.PARSER,
    logrus.PARSER,
    zap.PARSER,
    rclone.PARSER,
    librdkafka.PARSER,
    *neighbours.PARSERS,  # before klog and Envoy: they print lines of both between their own
    klog.PARSER,
    envoy_log.PARSER,
    envoy_access.PARSER,
    envoy_stats.PARSER,
    envoy_config.PARSER,
    envoy_admin.PARSER,
    prometheus.PARSER,
    mlserver.PARSER,
    triton.PARSER,
    klogging.PARSER,
    java.PARSER,
    client.PARSER,
    unstarted.PARSER,
    dumps.PARSER,
    generic.PARSER,  # last: any dated log that nobody else recognises
)
