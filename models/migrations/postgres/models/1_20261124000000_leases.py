from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TABLE "worker" ADD "lease" INT NOT NULL DEFAULT 30;
        ALTER TABLE "worker" ADD "left_at" BIGINT;
        ALTER TABLE "worker" ADD "lost_at" BIGINT;
        ALTER TABLE "worker" ADD "trouble" TEXT;
        ALTER TABLE "worker" ADD "scripts" JSONB;"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TABLE "worker" DROP COLUMN "scripts";
        ALTER TABLE "worker" DROP COLUMN "trouble";
        ALTER TABLE "worker" DROP COLUMN "lost_at";
        ALTER TABLE "worker" DROP COLUMN "left_at";
        ALTER TABLE "worker" DROP COLUMN "lease";"""


MODELS_STATE = (
    "eJztXXtTGzkS/yoq/3Nkj1DEvBK4uiogZMNtAilw9nYrbNmyR7bnPJackYzjy+W7X7ekeX"
    "rGePAD40wVBVjqljQ/9agfasnfK33hME/u1ESP8cox+V7htM/gn2TFNqnQwSAqxgJFm56m"
    "VCFJUyqfthQUtqknGRQ5TLZ8d6Bcga1XTkmTUZ/5RPPskGvujYnqMnL7/vRl9eCQiDZxlS"
    "SKfVPElaTHBupEEwQlsitGnAjeYjvYpSNa0KfLO0tpfcjdr0NWV6LDgMqHPr78BcUud9g3"
    "JoOPg1697TLPScDnOtiALq+r8UCXff58+fadpsSRN+st4Q37PKIejFVX8JB8OHSdHeTBug"
    "7jzKeKOTFw+dDz7CQERWbEUKD8IQuH6kQFDmvToYdTVPlHe8hbODNE94S/9v9phxYjq9ev"
    "rmv124tavV6ZmFEcQmoabFFLcJQGlysE6vsP024EiC6tYAfn709vtvYOX2gIhFQdX1dquC"
    "o/NCNV1LBq0COU9d8JnM+71M/GOaBPIQ0DfQzGQUEEciT2AXwBQEuAtNKn3+oe4x3VhY+v"
    "dnenYPz76Y2GGag0zgLeU/P2XtmqqqlDvCN8HbfDpCqCcMSxGIwfluOVIXy4PwPAh/u5+G"
    "JVEt6WzxCKOs2A+BJGQrnKRjnJmEIa3ham3D7bCf5ZlmzHVhCrLVwz6B0uRk+xkpxd/np5"
    "VUuBzL4NXFhRioOcZFwAyFZ012X9KAqkz+5Brz5CWpOMJZBDyfx6MQMhxrJIK2F9gXvAKE"
    "C7q93LtAkQqklo3wmfuR3+GxtrgI28trKMAbuUfbbNPE9Io9LodfHpKDRU4wIFzw5PzJTR"
    "7Ke356dvLyoa4SZt9UbUd+oJqLFGVEWqJKSdrOpX++kSymlHg4NPgWOOo57hhgSzke+F6A"
    "eirZYYcjWrMzJgvgTlJXxCycAXHZ/2wR2gikgQFUlc8CGwY0nAqyCOK7EvZ5twdg9OhsHM"
    "OUYHYkzQb1BdmBmZ5Zcsr6PSRVmD1Wh9XZQ1Mp+X4qC4YJ45fZdPInwmhMcozxHmGFsK6C"
    "bwLWvdD0tWbIRcX3/AlvtSfvWMVVJLYfz549kFgK+hByLXKINJ06X0WFZgHwYKoDjKKc6f"
    "09SesA3zTZkIcx0ylBnLiOV799sN86gebq7JGMZKN8RmTAglmC0tJiWbE6NPpplNQmmZ9v"
    "BbtP3MQCds4rBuql3sxKlmsImttUnsfGPMfNR1W10ihmowVKTVHfKeRFNWKvCpHNJ2PSZJ"
    "n46Jz/qAC1GCNBl+EPfMybKGl9HFHHawHUZBjzzJVdrFRe3i0pJ4evW3zJXrEwUnF17zTH"
    "c+qpy6dg0SZA8uXu9gwiQJFRVpjtHdDto4Jg2zOdHAnT67FYjjIpQ75J56Q0a29B+z1MAC"
    "4wneeTG5gi2xn4eXsS/xLZZoDQKqL4nPhdz+M7dzmfe+ZS5wrgmyxN8su0qtrzfawSG8fF"
    "Ot7u0dVXf3Dl8f7B8dHbzefQ20eryTVUcPv3AJPyqw5fOXvaffUVurXcu96gwxgb1qbkgA"
    "q35k2alro83Xw2pdbIh9EBnxc0bZN88d2E4F2pOStU6x9gD7LP0cTcsU7RwjelA3X3Ow14"
    "cc9SElpmZSsWYR3fE73gAx8lUd7TmtVEddxkGtEl3MnBN0HzyGJVB5e/7+4u3nDxdvt0M6"
    "KHWGDJpqjITf0xsfDa2Spc7+MYUmIN8VAB3wnBBhsoegzNajsh75rmLofrg4skao9GVDh+"
    "5Tah6eg1Hwayi2SEbwRzKuyJZ+PnRqjrVxMBx4gjp/M1bCiX76Oy4ZGLrqmNxVfvnll7vK"
    "ixPSMEXQVZeagaO8EWtKgBECL7FrnAKuXE9TGBA1Q5MBGBYxHHtTiF6f+j2NKNIOPNoCEL"
    "lhHA6Yf+9K4cO45EAID4aJD57w1DBlyrhoW43/iKbc0ZSN2W2ZaGKRI7BjkiZ+UGqeRUco"
    "M7liW1rZBFCqhjK/PhQOS4LEccZiNlW5lbJolzESgFltp4hjA22npWyoRO/IzBiHHKvDuB"
    "Iu8suS4CTUb2YA+k0uzG/KvK8n2EVJrvEFQE4yliBPAzkygCZB/tft9VWOt5XgSiPsthT5"
    "H/FcORFiWAK2zaHrKUB2B/t7ClgRpcTmbLBubH08/SO9pJx/uD5LK05s4Cwt+8ZSLDInMZ"
    "a5JuT5bBguBXkGj/mIhT3O9nPu2iZTdl0F4DiZK3dutm6M5+Fo5fqDZuOV1Vf7R/uv9w73"
    "wzBlWDItOpmVvkulyEiUqbFvuXm7AcejLLs1w3MKWLWLP2rTV4L+2NZ8uL76NSBPLw9p+0"
    "MM6j6DZ5ePsvUy+cu1IQVLc1zMV8lg3gThXoFnmIiOzBrqSDDNEfFYM7jniW9EiHpUqrpk"
    "X4vtx8W5HqXnHmUy7y5Xy61kVy5C3oQv4f1XmflMU9BPc5YzMNcMyC6tHhwWWcInGDdv+V"
    "78QcMg1l8E6DjPCiN7qwnoLR7i8lBXeajrqfea8w513Vzc1m4uz2vTdpozYnp1k3oyb8Zv"
    "PIlrQ4BPvPk6O3U+jN5BE5sET6G0hVj2AfM7GTGfAMlrzmoCfj2M58egoedlBkzFs0Bmh3"
    "n8jLyOEJf8rI5wDmY6QGkzuEddIVmQFOC5DI80EhjemMg+9Tyb0X1MaJBLgSkHAih6jLTZ"
    "iHgUOiWCM50wqbqsn3mKcnm9YZZJLZUKAlz4O8gJUV0o8MXIZlc0uiii+v/GiUnzMMkhNu"
    "PTYQOGaaKC69Z+viT1tTQxtkl+ekE0oQUjdUnGJ9swfPXmaPfl7iv4Ibu7x/rn7/r3U24W"
    "zpWNPkPGYaATlp9vuA4Sv/hsw7kyCK/1EnyOy22WtolXT9U51qdvhZQPqp4PLq7ejbbrm2"
    "BYAxf4RhAaa5gMQgvGCWngO6/z3PrUYZgqZ7LVdIeNSVWz0Na1anEx1xAzBJXRXVrtEN2B"
    "zhfET9g+qDMOj4v6zG35QAozDkpEuiDVBF/wEzJy8fh/NIA7ru8FMHcFdAQJplbukIZ0/8"
    "tsfh+oMturp58OmtBBrG2ru6BVc1KBjZBgh4A6hPG60D4XpG08LdJjY30PQXhGC5FIn+fC"
    "57Rns4J0QhxUxxdD7uiHM3paKjbIvcXgS0qWw7DnXxNJhBmEwUKb5CrPQ6zdeYh1s2vWww"
    "OYc2MhXLiKSXaCbXWB7Q2R8ee5r7Nx4Bshzk77e1j4c7L+ygkoKP3F8U+wlfA/Gn40+bL8"
    "17wsE0u+SYgvLGUKrZYsKebUH+cc1rQc6UuFgu3iZwboNGm0CZFhztTvpzdnl1enN39mJ0"
    "2dZSRQnv1ZuzhdnyPrOgqf4ccG0fl8B7YdUMwQM43daXGiPS4tHBjHDM9eIQUBX0lHIqHY"
    "Cc+Rhy4W+IzwmXntrEDporvQZ/DCbaHowFhw3sw6liGFjdCaQ3CUk8urT59rwDXzsbCkfe"
    "+4PtPZ2uUJrCcOkUYzMQH2tAPsMaYNPId1OEsqQX4mwcQB9vh+6YxaPMFTJj9PavLyovhY"
    "cmh1luQXJJuSHlqdSIDJNjynmfybaHuu2NrvM8elBrkC0p3k2kAZrx4czCDiQJUr4bouJe"
    "CFcxXnTFJcb4zLr0N4nic2y4B7eT/Oc96xXlk44N86F6iSERCwNdvTQgKjiGaGoIDNOwpu"
    "n4nfLtfGW+OlviPOXiSDO6uSNDxGJbMZSEiFT5wVDVhY2xgGuEafXZKOe6/v2xkODL9UZK"
    "uBf2ANbrzQ36BlrqvvUiCUePVMsk0UfAd+u56nR2FqG/reG9zy1t/LxQkX+q57femP7yqF"
    "9/nw+I16Yxixz/C7vpjZ5IZ28AlgNKxtR4ODlTaWccepflwWdqk3pM2tNhjE4PhVYBYyYb"
    "rq0xYMAtqnPUwZu9cBDpsaBpKEl+koXwxh4u3tRFDXY2ygAW37oq/bw8cYMXxVsD/h4zM2"
    "jBjY24N09/ZWItN8DzTH7FGTGMBlpOSJIyVWZgpZ5RHLBpqLyzHJzXVWjzlcG2csLcZpFm"
    "N8WSmGcorzqWB+og2SXCwLBPZC+tXFSPYmDhqakvUI5FmtXlgQQ67yBL0104pCGHGVEFpz"
    "bxLC/Ms0YiybcGJ15bdpGEN5EvEpNxpFLOWNRsVuNFqTDflT5oNbVsnwwG3N9jQPnEY0D3"
    "ng+eAv+PvVfpas4jn1fb5fBc63LLj/HGMp/arZ/Cp8qQogbMk3EN2l3KQDPSrGMwywfF0W"
    "Y1n9dYmlMnu8Mvvxf/+G8MY="
)
