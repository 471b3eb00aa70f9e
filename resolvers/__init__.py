"""The application: takes a viewer and plain arguments, authorises, returns models.

It knows neither GraphQL nor HTTP; `schema` and `rest_compat` translate.
"""
