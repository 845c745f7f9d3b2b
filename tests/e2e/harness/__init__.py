"""What the end-to-end tests share: private daemons, images, raw HTTP, terminals, the leak check."""
