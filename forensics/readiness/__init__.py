"""What a review holds beyond its checks: areas, manifests, patterns of installation, who must reach whom."""
