"""What is known of the installation: who belongs to whom, what each layer said last, what should be there."""
