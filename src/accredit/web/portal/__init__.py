"""The portal: what administrators see and do in a browser. Server-rendered; a page is one file with one template."""
