"""Write down what runs in a forward, and follow the channels through it."""
