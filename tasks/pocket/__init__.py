"""The pocket model: a text-to-image model small enough to ship, drawn, trained and saved here."""
