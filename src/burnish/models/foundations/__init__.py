"""The first models: perceptron, logistic regression, multi-layer perceptron."""
