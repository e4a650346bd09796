"""A whole program run as it is and watched: what its training rounds move, and along which loss."""
