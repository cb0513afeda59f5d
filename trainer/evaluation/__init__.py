"""What a model keeps and loses, beside transform coding at the same bits."""
