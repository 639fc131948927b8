"""Raw pictures of any known kind -> one layout on disk. No TensorFlow here."""
