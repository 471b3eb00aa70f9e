from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = False


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        BEGIN IMMEDIATE;
        CREATE TABLE IF NOT EXISTS "delivery" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "channel" VARCHAR(7) NOT NULL,
    "occasion" VARCHAR(6) NOT NULL,
    "url" TEXT,
    "secret" TEXT,
    "state" VARCHAR(9) NOT NULL,
    "created_at" BIGINT NOT NULL,
    "next_at" BIGINT NOT NULL,
    "attempts" INT NOT NULL,
    "log" JSON NOT NULL,
    "process_id" CHAR(36) NOT NULL REFERENCES "process" ("id") ON DELETE CASCADE,
    "user_id" CHAR(36) NOT NULL REFERENCES "user_account" ("id") ON DELETE CASCADE
) /* A user is to be told of the end of a process; due once that has come, however it came. */;
CREATE INDEX IF NOT EXISTS "idx_delivery_state_52c467" ON "delivery" ("state", "next_at");
CREATE INDEX IF NOT EXISTS "idx_delivery_process_d70507" ON "delivery" ("process_id", "user_id");
        ALTER TABLE "user_account" ADD "email" VARCHAR(254);
        CREATE INDEX "idx_process_ended_a_1bd2b3" ON "process" ("ended_at");
        CREATE INDEX "idx_process_end" ON "process"
            (COALESCE("ended_at", 9223372036854775807), "id");
        CREATE INDEX "idx_process_duration" ON "process"
            (COALESCE("ended_at" - "start_time", 9223372036854775807), "id");
        COMMIT;"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        BEGIN IMMEDIATE;
        DROP INDEX IF EXISTS "idx_process_duration";
        DROP INDEX IF EXISTS "idx_process_end";
        DROP INDEX IF EXISTS "idx_process_ended_a_1bd2b3";
        ALTER TABLE "user_account" DROP COLUMN "email";
        DROP TABLE IF EXISTS "delivery";
        COMMIT;"""


MODELS_STATE = (
    "eJztXXtz27gR/yoY/dPkqvP4HCe+xJ3O+JWce4mdcZy2N6eOBImQhJoCdARlxW3vu3cXAN"
    "+kTFpP8ziTcWwQC4I/got947+tiXSYq/ZOfJ9Npn7rHflvS9AJg1/Sl9qkRafT6AI2+LTv"
    "6r401qmvfI8OcKwhdRWDJoepgcenPpcCO7+n3J15TBFfEsVHgnDRJnJIXOoz/YsUjNDBQM"
    "6ET6RHhp6cmDbHATJ1THp37KFHuCLcV+TLTyffH7x+s4c3d+QA7s7FaM33mQn+24x1fTli"
    "/ph5cLdf/wXNXDjsG1P4568tlyq/S/3Wv/DK9K475Mx1EgjD6DiYvtD1H6a68WxMvfe6Kz"
    "5PvzuQ7mwiYt2nD/5YirA/PC+2jphgHjyYE8NdzFzXvqGgyUwcGnxvxsIZO1GDw4Z05uLb"
    "Q2ozhait1e1eXd92v1zcdrutzJsNKGIvwTYNpMBVwYWvNAIT+q3rMjHyx/Dnm8PfzX0iIE"
    "wvvOHfT27Ofjq5efHm8CXeUMLSMkvuyl450Jd+10NQn5pB9CuIgB7alZBF+1L4+WDHSVKI"
    "w1M8BfGgIYI8+j4CfPfXBfgIZ/D9wQ+HR4c/vnpz+CN00bMMW44WvIPLq1sNcARosLZz8F"
    "Q+LcI0RpWCFN4c8/mE7QW/rAvg1l+GMzFA+Ijlb9zMeE/I+V9ba4J/Abanlx8MvMglhnex"
    "5YsNfTq4m1PP6WauyANZ1Dd7aXIwSbdQQUcaI5wxzs/Ccekw4XP/IW8rCK8t3At4vNejm8"
    "E/xpJQMlPMQz4LY7E5MFQG/GjMiJr1/80GPvJqKsj1lInLczL15D3cw/sTMvY7JlSW869q"
    "0Bw2/2uLKzVjmufakQyHj/H+QobPnewXc8pHhUzI9H+c/Vjevbv83rCftwcHr14dHey/ev"
    "Pj68Ojo9c/7od8KHtpEUOyH01iPwiYVPEuEL24sjtuRLGaTbcMh9rYtnvw+nWJfRd6FW68"
    "+lpyYwg+iQogx0galMuhjJytm8dMvn69PM9HOUaSQnk2484eEj5DrBdAq3F99UbDOpXKH3"
    "n6ooYob7tNopuF9r30GCgRP7MHDbARdAYsB1C7W361wzxPSKPWaK/w6Dzc1OILCp4dnpj5"
    "5kM/+XJ2cn7R+n078sst7t55wou5sFBy8cMuj4otJ0Sxgcd84rNv8GNMfaLogyJzkDxQhe"
    "Rqj1wL9yGuOaIscsem/rEWQzQhtKixnAugGbCsHLOWu3RER/SsitsDEcghPYBS+PC7BwRj"
    "qZhRhedjPhiDHKWgIwrMc6pIn41moqQKXEkMKuZcq2daj8tCMTVB3wl/HG5DPXiEiy0Sd/"
    "T/FfbhoH8NN+Ef9vdLbMLQq3AT1teSm7DDR0xVknQiisaGU2DDiRnH4LEqWcds/80t39bp"
    "xcnNxU2WK8TaV4HtIk0ogPaoENmjjIg+kNNKjCEk2CC0J+efLq+yyEbNqwC2jGReLJdnpH"
    "LYqRGG6naxJGFjGkubxuIgs29TDntgdZCThCsA2TLbXdnxqgLpsXsQd5+wWpOEDZDaqg3a"
    "0BOgTJM2YFq9pMr2FCN50ga1Y4itW67Sul4lfAOC+qHbGOca49xzhPS5Guc06jm2ueBtFJ"
    "vm9APZWI2yFrop8xQIs9IjFP17I49OrA0NlooiXOwRvLHSdi+HK7yX0yaC3TOPGMwc7TJ8"
    "IGg888fwZnKcjeu6kbbTTalSc+k5YRQK9UZSHHCHjKkat2Fsbeb7/NMZMTMiQ+lNqH9Mrq"
    "RgdlAb/EIkGurmXKENsMcmlLt6WBzAbqIYKmPMfpoQ5zv3uO8z0bbtaF0UepaS9NFcyLhX"
    "6CxtDIKNQXAHjVVrMQdyUC2dCRdZhE+ldBkVRS7miCwFdB/o1rVHhS0blvmvrz/iyBOlfn"
    "N1w2XKjX/19dPpBYCvoYdO3E949yO8A86YxfuWfSvQt+I0dZBmFyB9e/HP2wTSweJ98enk"
    "nxrcyYO98vH66kPQPfYizj5en6aNL7hnVGEhIUEd0E7rDmVUM+i1QHfIKGeNCXEDNoZAAq"
    "uOcoryj2muqRCoGJfwdFAgz4vBPbW073++YS7VU86CmxOCWBPdLbE2TfDhchiFkQ51BGjC"
    "Jn1QpcZ8uiRKn8KB6goVqKID0OmW/eQ+m2HqihI8Iwc9fGnOdG7GqRVnWqct6INHRW7Ckb"
    "nQXmQNMk/ZHYU9H7UG3Y4ZsaxDB36TkSdnUzKm9wz+8Pho7KNFgxJD1UZjDvx9cvVL98vZ"
    "zeXn26zdZzVD5oaY65Gs/c5Q4296yCbY/HkEm0evrXyYRUDRRGCVM7mYD6ICxCFBDRFecT"
    "BLnAWVNczGaRo/1mI/lsZqBY6sD8E4zxPURz1Z8TW1S64sg3uu+GJfyCPOrHABPC68GOcR"
    "Bn1r4UInscFNjYyR45Eq0b9x1uwAe1gkPzTOmnVKDo2ddZeMg1qPW1L9DrXGmuyDjdFrN8"
    "wUMcRyNvsknsU7/iTZr0TwSpC8zkVgWciLPCnolWtUiMUEhUJVY0x4FsaERhlbibTVxGg2"
    "MZq7o9k+GqOZMcc05oJnay44mTncvxC+l1tYJ3Z1oRhBsV85CeKLnLC+dB6Iwx2i4A8dVW"
    "qcEB5nDvFlVqAoQ4RhqZc+wYXmKNLXuefMHbbJnMOCm/kYgIprktyxB9WGUUwoLPcJXEQX"
    "GVomTIOaMnqHzpM90oOHkV4QjtoR+HH8SRHEiVCb+o4aVZv0tIscXnHPjBNGuML0QAzCWR"
    "zr4QAIPR7Mh3D7YcDkA7foHrR4fqcFneEXEJTCWFh4dnxg+E3fXg7DCWMGvIOJ974EMuCH"
    "sMY1Wad1/XOnZck6YgCvDulwDOZ50oPeDvMpd1XPhv2OYSgapPfDvLlfurCc0T1RemsT+A"
    "uBsys+c8UqA8l287jJ9kbw20nBr7J9orFLlMgxi30xZaW/OM0S4t/zCfeqIExrbKrYKkOC"
    "+kWFrsVaGex4VRZsnKZZsE2S6YaTTEPRowJPyLdc1sE3f1iGKRwW84TDLEsIZbiyAEcU9V"
    "vAa8njNeJ9FYgjihqu4YMya/igeA0fZAsoGY0oi/DfvlxfFQTgRyRpGZcPfPI/4nJVxgu0"
    "Y6t5AbKIBY5cnMeTTtlJ7X84wOnu1Bc+R4uMgSdjBgmvtRcZQZx4rxKeFJtgS6zeb/R5TG"
    "WVM38688lgPBNohfCIArEUOg65yxSZ0AfiYf5SkOoKf8h75uS5YdZxiyUiNOw0KkqMSaom"
    "YqNqxEYTU7D9mIJ1cq7P1IM37edXMIguLuRd00S3x0/K4GhjDfM40NpKSTjGO9IzFQW1CR"
    "J4DtYHMBZT4ZB76s4YeaH/M6wGGIwrxehlzkkZ67tPGYNmrC5ixIO0qTL+d2Oi3EkT5fbL"
    "YO6UmPzqoISY/OqgUEzGS6lE9x3bzXdXVn66x3oa5bgt6WCtX7ZcO+ViTa6sXXKyBtjn7c"
    "/Ra1mwO8c6Pbo3XwuQ12fCpH6ZK9mNNa+TruujnY9dlOf0pjofM6E9otjMnGNUH1yGLXDx"
    "y9lPF+dfP16ct8N+0OrMdBmfufTudBxBT2/JxoNpGo3XdCwBOqA5JhIrhes2ex03ayzvg/"
    "5MdEDqekN201emHHhqm4fnYBSLgqvAHaqY8MkL/Xyo1LzTwsFs6krqWP/tsX76jjC+znek"
    "0/ruu+86rZfHpGea4FboDdXlymG9EStKgBACHzFHvNtwG+qC3vSi92/ZV3uKDlnvZZvMhM"
    "9d43I14OqB+gxAskjqZ8KSTLrYOQ99z8q+DYIlGImi6PNFwSa8w2zKvHuupLfnsan0fLxd"
    "T0ifD1hXV6HqAWhYRgndu0HLWM5hGN+8oxHG3hsK7SzGUbSUH73xOSNjBste48pRPsL59q"
    "W8m1DvLnRIT106YEGpp2hmgK+aSukC3FHdJqtxYsl3o2oGD4Q9e+VlsmiBxl3HSVUlaI0y"
    "1/KpYpEu+R2g1Z+p4uvhIrddsLO+wGDKejbxYapJik3qwqoV4Sb1cf0uweiLKY1xSLHBMt"
    "7h1rWuFZyE+m0JoN8Wwvy2yRLZQjRGkuNXADlJ2IC8CORIrKvibUlSLeVwWRbb/oy7PiC7"
    "h/fbBqwr88Mk1r6Rf6u8kxhJ4wF7OvKh4FiN58TJ/pjVv5JnMXC/i7GueSgWHsMQo3nSwb"
    "o7Btqqj9YF0UHlhc4UV7WMKOoQ2bEArLXUtAQ1edr1GDy7epKsl0vf8IYULP1KJ53nEtdh"
    "cW9AM0zYSsqaOhJETbhozgEviv1WzcsYp6rNAfIb8TVGyBtjJnz/fm51vgXopymbN7DUG1"
    "BjevD6TRUWniGsH/tefdh0YPmvAnScZoOWvc0Y9FYPceAMqmQHidE0SvfTle64+6waO09T"
    "bpGd7z83Fj6nnoBZPQX2DGmDe3ncY57haqinCBvMy2Me87JXVONTlI0C35RIaUqkbDvUrK"
    "hEys3Fl9uby7PbRYFmOc6vrok8XbYefjyGuybAJ758nZyyHEbvYYi6wtMcGLCiSnzpbbsY"
    "zmvBbiX8eBzUm3CkZ7k7P1YG0hvl+Nqqo/QpGKgmIFWME7aLJCdMOFo+xVHC0WItd+yEi4"
    "nXmE3jmxDTYxuDqoiaUNcNKilh4SIT7WnrE7VSmCw1mA46Nlq0jexFKZa84IJM+MCTigGq"
    "QKg4yBvkh7dH+y/bxGX3zCUvOlb97sCMOoFOaKoddYyy0mm9xCDhjpjAvQBzU/sIBjXhxn"
    "i7OzaFyfaGAFcwAVtgycYWL12XetfyJLaaG7SmyM7ZZEK9HFdesXM6RlID6+SmndP2i61i"
    "rIyRNBFbKzdhav5V5XWEBLvxMvC2z/plLJUMXCLhKxCi1p/utQv7w+qTvZYstu1ps2FOnW"
    "0rsC4qsR10KXM0vC3UMNdCis2ZcUGlwywbmN6DFadM4YZ3hAYpU1wfkT6hd4wM2dyKY1Iw"
    "Zcs9TnLPh1/f3VCuu01lfAGVKVdpUr/8MTR4cm6zpXpjXO76996xyeYyOWA2sdthU4aSoB"
    "R6tEYq23mpLHqhFW3eScKtRdCjtvH9/g/wj+zvv9P//qx/bmGfWk3RiWaf2e195lqz4DNk"
    "t3m7Tfzywj3HBrkMwp6Pbj0fOXLv3pB7JjoMs0hJL4gV65lEYQsGFg2Gb16ngU6owzAj1i"
    "Rz6hv2slvNSkfXWwvHlGKjreu9y9Q01jfQacG+tkko3M4EPG6xOeFY2yT0ORV2Ah2hSzeb"
    "csgjSYJXq/ZIT/H/MJv+Sv3grq5+OhhCR3W17d6Flg5dkITNscMege0Q5sthfCHjxajf6U"
    "GCUkyIRLpsEz6nLcEUZNvipLCmuHD0wwVGFjYtNFf8mlrLYRxg+qyN3I4Bo01SNWVPdq7s"
    "ya7JNbthml0y0jZkXNVWdoJsc+ESNVnjzzPQuXbgm0Wcnwf7+OIvSINtXkDF1V8d/wRZA/"
    "+T4UeRL09/LfIr2O51QnxlOYQoteStYkG9h3w4A4oUnGH+xDMDdNFqtMbl0BL995Ob08ur"
    "k5tf8h01pznG6NNfbi9OdqcypY62ydFjgyicYgV2GPQoYTONla491hqXXhxoxwxLE2EPAr"
    "oS8+xBOmG5yFDFAp3RHBiUZyhd9S201zsM/4rqKdmyUoFiGfawFlpT64oKcnn1+estUJWu"
    "mpSU7x3uMVPWvilJtF0TafQmMmAvqlMZI6phYaI3ZXJrilNrMpk18bjIkrt4gqapBpDdyb"
    "d7DPi2wUxlSx+UyQbDbgvypQ8yGWH5gucikb+OsueGpf0Jczg1yFVY3UmqGq7xtRxkUj15"
    "d8ms3d3GePU5pU2duE2UMGsM7mvPSmrKYNehDPY/dCxQK8cgYK+0F5kE5lGfEkYBG3cUFJ"
    "mOHyKB5+5SpY+CsPWi0bOqSM9lVDEbgYS98InzrAErGxvNANeosysy4ve6rPZsaugVVnzG"
    "/7Au80si0V2t3dJjrN6ssJJ0ckwdYA8/uevqWZirPV3eGl3ex0gusO4zHp2sKz173NcloU"
    "X84IwHmLHH9ghWCNdObhgHnwBmw4Z2NiN9WrKxZXQE1Y/Lwltqh7Qp+qxD6dm3sLC3NLea"
    "0AFMAsandxgydq8NHDY0DFYS1pr2PTmDFx+Vxr5jbKoBHXpyosfDx5gz/FTwftLDZ+yZZZ"
    "CK5FfhUc93sHOUt5rEAG4sJVu2lNg1U0kqj0hqKC6uRyQ31emfUm2OrjZLvcYSY5ytVEM5"
    "RbktmLfkICnEsoJhL+y/ORvJq0z5ilfL169YmSHP7uqVF2JI1VSksGJaVQgjqgZCK+5lIS"
    "xO4IuR1KGE26Yz+KygnEV8QYnviKSpNvZcD7k1pR1ydPB42YeFh9xGvUro4VgpxaYL9fE4"
    "J9cJnNtMOKm4bwcPcjKKLjUnJg3kBEYdy7mOxQb9bQBzzlPJ13Eb7aSfeW4i3puCytkfS3"
    "mn3fn2oKieUVEVHwnjyLfp5vnHQx2jB599P6Hc7YiRZHrWSEUdB6v5mXthg34qfXLUg9be"
    "90iPgso+mZqjqe4ZPOxoJkDtdeXIHFalj28ywe8+U35H2IQsoivELwqEb+snmo8fjJ1hCN"
    "PTBEPztwN6IzllGLdOeqjToykAQ9n70gESLDtS5QwnXzNuO07mTM12VGKn0bu3q3cPxlQI"
    "lqOoFOvdMZIa6t2LxOtgdzgq1LmP0hq3HAyoqhgAEqfZYPGCi6vzTR2YtOIQEODiVURL27"
    "0RK58gVuoNsQrYEUWD91NOibBbaWkXekCwQcbxGTjH5dWHzbCO5qy152cRDeTAagjHqBp4"
    "F8EbKA0V7KRxktqcUbA6o6kcVTGc2O67UWmnVmWPmuCbNWS7NhWWm1imjQC7klim9MpdAb"
    "B/0OrVWw4PO2EeH4xbOaZpe6W9yDBNoz6PmaWLAV2inlQev/yjlLxYUq4qNj7eM6+qbSxG"
    "UkPj41qCfvCjqoCw7V5DdNdy7iHc0Wd5R60U6wsxks3rDI2n9emb2e//BwBZlB8="
)
