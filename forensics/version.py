"""The product's version; the distribution takes it from here, so that a checkout says what an installation says."""

VERSION = "0.1.0"
