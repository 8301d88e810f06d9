"""What each operator of torch does to the channels of its inputs."""
