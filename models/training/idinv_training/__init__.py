"""Training of small in-domain inversion models: generator, feature network and domain-guided encoder."""
