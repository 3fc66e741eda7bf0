"""What scoring costs: which task of Fargate to ask for, documents an hour, the price of a million documents."""
