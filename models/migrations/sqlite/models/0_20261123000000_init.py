from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE IF NOT EXISTS "user_account" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "name" VARCHAR(100) NOT NULL UNIQUE,
    "is_admin" INT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "disabled_at" BIGINT
) /* A person or a program that signs in. Users are disabled, never deleted: they own things. */;
CREATE TABLE IF NOT EXISTS "token" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "name" VARCHAR(100) NOT NULL,
    "digest" VARCHAR(64) NOT NULL UNIQUE,
    "created_at" BIGINT NOT NULL,
    "expires_at" BIGINT,
    "revoked_at" BIGINT,
    "user_id" CHAR(36) NOT NULL REFERENCES "user_account" ("id") ON DELETE CASCADE
) /* A bearer token. Only the SHA-256 of its text is kept; the text is shown once. */;
CREATE TABLE IF NOT EXISTS "deletion" (
    "process_id" CHAR(36) NOT NULL PRIMARY KEY,
    "created_at" BIGINT NOT NULL
) /* A deleted process of which output chunks or stored files may remain to be removed. */;
CREATE TABLE IF NOT EXISTS "process" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "script" VARCHAR(100) NOT NULL,
    "status" VARCHAR(9) NOT NULL,
    "created_at" BIGINT NOT NULL,
    "start_time" BIGINT NOT NULL,
    "parameters" JSON NOT NULL,
    "secrets" JSON,
    "ended_at" BIGINT,
    "exit_code" INT,
    "reason" TEXT,
    "stop_requested_at" BIGINT,
    "stop_requested_by" VARCHAR(100),
    "worker_id" CHAR(36),
    "last_seq" BIGINT NOT NULL,
    "output_bytes" BIGINT NOT NULL,
    "output_sha256" VARCHAR(64),
    "bookmark" VARCHAR(64) NOT NULL,
    "user_id" CHAR(36) NOT NULL REFERENCES "user_account" ("id") ON DELETE RESTRICT
) /* One run of a script. */;
CREATE INDEX IF NOT EXISTS "idx_process_start_t_645121" ON "process" ("start_time", "id");
CREATE INDEX IF NOT EXISTS "idx_process_created_f46176" ON "process" ("created_at", "id");
CREATE INDEX IF NOT EXISTS "idx_process_script_fba3c5" ON "process" ("script", "start_time", "id");
CREATE INDEX IF NOT EXISTS "idx_process_user_id_f2f272" ON "process" ("user_id", "start_time", "id");
CREATE INDEX IF NOT EXISTS "idx_process_status_d1f3f9" ON "process" ("status", "start_time", "id");
CREATE INDEX IF NOT EXISTS "idx_process_worker__ecfb3c" ON "process" ("worker_id", "status");
CREATE INDEX IF NOT EXISTS "idx_process_status_f45f86" ON "process" ("status");
CREATE TABLE IF NOT EXISTS "parameter" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "digest" VARCHAR(32) NOT NULL,
    "process_id" CHAR(36) NOT NULL REFERENCES "process" ("id") ON DELETE CASCADE
) /* Finds processes by a parameter: `digest` is of its name and value (values may be long). */;
CREATE INDEX IF NOT EXISTS "idx_parameter_digest_e0958e" ON "parameter" ("digest", "process_id");
CREATE INDEX IF NOT EXISTS "idx_parameter_process_34bf3b" ON "parameter" ("process_id");
CREATE TABLE IF NOT EXISTS "output_chunk" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "process_id" CHAR(36) NOT NULL,
    "first_seq" BIGINT NOT NULL,
    "last_seq" BIGINT NOT NULL,
    "first_time" BIGINT NOT NULL,
    "last_time" BIGINT NOT NULL,
    "data" BLOB NOT NULL,
    CONSTRAINT "uid_output_chun_process_03375f" UNIQUE ("process_id", "last_seq")
) /* Lines `first_seq` to `last_seq` of a process; `data` is made by `jobs.chunk`. */;
CREATE INDEX IF NOT EXISTS "idx_output_chun_process_2b312e" ON "output_chunk" ("process_id", "last_time");
CREATE TABLE IF NOT EXISTS "file" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "direction" VARCHAR(6) NOT NULL,
    "parameter" INT,
    "name" VARCHAR(1024) NOT NULL,
    "size" BIGINT NOT NULL,
    "media_type" VARCHAR(255) NOT NULL,
    "sha256" VARCHAR(64) NOT NULL,
    "created_at" BIGINT NOT NULL,
    "process_id" CHAR(36) NOT NULL REFERENCES "process" ("id") ON DELETE CASCADE
) /* A stored file; its bytes lie in the store under the ids of its process and itself. */;
CREATE INDEX IF NOT EXISTS "idx_file_process_edeb22" ON "file" ("process_id", "direction");
CREATE TABLE IF NOT EXISTS "worker" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "machine" VARCHAR(255) NOT NULL,
    "started_at" BIGINT NOT NULL,
    "lease_until" BIGINT NOT NULL
) /* A worker holds its processes until `lease_until`, which it keeps moving forward. */;
CREATE INDEX IF NOT EXISTS "idx_worker_lease_u_3847ef" ON "worker" ("lease_until");
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSON NOT NULL
);"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        """


MODELS_STATE = (
    "eJztXOtz2rgW/1c0fLlpJ5tJyatJ7twZ8tpmN5t0ErKPaXZA2AJ0MbJrySHc3v7veyT5jQ"
    "2YRyDUX5paOkeSf5LPW3yr9G2TWHynbvcIq5ygbxWG+wT+k+zYRhXsOFGzbBC4ZSlKEZK0"
    "uHCxIaCxjS1OoMkk3HCpI6gtR6/UUItgl7hI8eygO2YNkegS9PCp9lP14BDZbUQFR4K8CE"
    "Q56hFHnCqCoIV37QFDNjPIjpzStA2Yk7LOUkb3GP3qkYawOwSoXJjjy9/QTJlJXggPHp1e"
    "o02JZSbgo6YcQLU3xNBRbY+P1xdXilKuvNUwbMvrs4jaGYquzUJyz6PmjuSRfR3CiIsFMW"
    "PgMs+y/E0ImvSKoUG4HgmXakYNJmljz5JbVPl322OG3BmkZpL/7P/HX1qMrNG4vas3Hi7r"
    "jUZlZEflElLb4DcZNpOngTIhgfr2XY8bAaJaK3KC80+1+629w3cKApuLjqs6FVyV74oRC6"
    "xZFegRyurvCM7nXexm4xzQp5CGhc6CcdAQgRwd+wC+AKAlQFrp45eGRVhHdOHxw+7uGIx/"
    "r90rmIFK4WzDd6q/3lu/q6r7JN4RvibtEC6KIBxxLAbjyef41RA+3J8C4MP9XHxlVxJewy"
    "USigbOgPgaVoKZyEY5yZhCGr4WImif7AT/WdbZjkkQX1tQvegdZg9WIUnOrn++vq2nQCYv"
    "DgWJUhzkJOMCQPaP7rrIj6JAuuQZ9OoMpzXJWALpceI2ihkIMZZFWgnrC9wEo0DaXe1epk"
    "0goRqF9sp2Ce2wX8lQAazPq5FlDPii7NEf5m1CGrVGn4uLB6GhGj9Q8O7wxkRozV57OK9d"
    "XFYUwi1s9AbYNRsJqGWPXbVTLSHtaFe/2k+3YIY7Chz5FnLNcdQz3JBgN/K9EPVC2DBsj4"
    "lpnRGHuByUl+0ijBzX7ri4D+4AFojDUeGIgg8hJ+YIvApkUi7nMrcRI8/gZGjMzBPpQAyR"
    "9BtEF3aGZ/kly5uodFHWQBqtr4uyRubzUhwUCuaZ2adsFOEz27YIZjmHOcaWAroFfMuS+2"
    "HLKxshd3c3cuQ+518tbZXUUxg//nZ2CeAr6IGIamUwarqUHssr2IeBAiiOcorzxzS1R2zD"
    "fFMmwlyFDHmGGPH5rn69JxZWy801GcNY6YbYjIlDCWaLQTgnc2L0WQ+zSSgt0x6+kLafXu"
    "iITRz2jbWLzTjVFDaxb20if79lzHzQpUYX2Z5wPIGMrsd6XJqyXIBPZaI2tQhHfTxELukD"
    "LkjYqEXkg/1MzCxreBlTzGEH+8so6JEnuUq7uKhdXFoSq1d/y5RcnzE4ufCZZ7rzUedY2e"
    "UkyCYKryvYMI5CRYVaQ+luB2OcoKZOTjRlps9PBcp1IcxM9Iwtj6At9UeLGhAwls0670Yl"
    "2BLnmSzGvsRTLJEMAqoviedCbv8Z7VznfW+ZAo7qIEv8y/Kl1Pp6ox25hJ+Oq9W9vaPq7t"
    "7hx4P9o6ODj7sfgVatd7TraPIHl/CjAls+X+ytPqO2VlnLveoUMYG9am5IQHZ9z7JT10ab"
    "r4fVutgQuxMZ8XNG2TfPHdhOBdqTJ2udYu0B9ln6OdqWMdo5RjRRN98xsNc9JvUhRrpnVL"
    "FmET2xJ9aEY+SKhrTnlFIddAkDtYpUMzFPpftgEdkCnQ/nny4vHm8uL7ZDOmg1PQJDNQe2"
    "21OJj6ZSyVxV/+hGHZDv2gAd8JwiW1cPQZvfL5X1wKWCSPeDypU1Q6XPmyp0n1Lz8B4Eg1"
    "+D5YhoAH84YQJtqfeTTs2JMg48x7Kx+S9tJZyqt39inIChK07QU+X9+/dPlXenqKmbYKou"
    "1guX5w35pgQYIfARU+0UMEEtRaFBVAwtAmD4iMm1t2y718duTyEqaR0LGwAi04yeQ9xnym"
    "0X1sUd27ZgmfLFE56aLJnSLtpW8792i+8oyub0tky0sZIjsGOSJn7Qqt9FRSgzuWIprWwC"
    "aBUez+8PD4dPIonjjMVsqjKVsmiXMToA09pOEccG2k5LSahE38jUGIccr4dxJRTyyzrBSa"
    "iPpwD6OBfm47LuawVZlKSMLwBykrEEeRzIkQE0CvIvD3e3Od5WgiuNMDUE+j+yKB8JMSwB"
    "25ZHLQHI7sj5VgGrRCmRnA3kxtZvtT/TIuX85u4srTjlAGfps68txSJ7EmOZa0PeTsJwKc"
    "gTeM0ZBHuc7cfM2iZLdqkAcMxMyZ1brRvjmRytXH/Q/Hhl9cP+0f7HvcP9MEwZtoyLTmaV"
    "72JuZxTK1MlLbt1uwDGTZbdmeI4Bq375Z328JOgP/Z6bu9ufA/K0eEjbH7bTcAm8O5/J1s"
    "vkL2VDCpbWsJivksG8CYf7FTzDRHRk2lBHgmmOiMeawT1PfCNC1MJcNDj5WiwfF+eaSc/N"
    "ZDLvLlfLvUpWLkJehy/h+xeZ9Uxj0E9zljsw1w7wLq4eHBYR4SOMmye+F3/RMIj1FwE6zv"
    "OKkb3XCegtHuLyUld5qWvVuea8S133lw/1++vz+rhMc0ZMr6FLT+at+I0XcW0I8IkvX1Wn"
    "zofRFQyxSfAss2zhThkA57JGuJJRuhDv3h5XvuAbEkZIObGG4YYywlGzTV1tgTdlPrwZ2O"
    "NNXbbgV0WcoqbMY6rkeh+bRObndYpcTdgcLX5Y6OiyaqJOZYGDLEuAI8dVNYLM7KsJVJGC"
    "fJLjIwum3paZ/z41XCCFDTU54hRkKfpwfLS7g+pdAuPAbMxGbS11n1iPDNWlxLBgW64wXd"
    "wt5/cLtYPaAnkOOq7tMVNNyvvYshA45E7ulcYvqTKa0Af6e6SiIINQBUbKgsj1LIgs6/WW"
    "EFkIhUixk51gez3PdkPO+NsM7Gwc+PoQZ+f9Jx/+nLR/uQEFT39x/BNsJfwzwy81bRbyDL"
    "vDnBsGPkf6JnwQ43xjsI9D0M/ih4m+32v3Z9e3tfu/sjN9ZxlZ/7O/6pe19blnpVzHDD8o"
    "cCnzHaB2QDHFrdDYRcxTVbOsDgc4DlHBsKRAYNOrSmpoNsPLT6ErAD4HPBOrnXUrdNFTqM"
    "LxMJYRVTkHRdK+OxRSoIHyknTlNmbo+vbzYx24pq5lTtqkJnWJKjEqy4ZXXDYc7cQI2ONu"
    "XcWYNrB4+HCa+Hd++Hvk1lU8yDdlxU6Cp6zYGdXk5a+bxioaqtNkbCTZmJqG6kjWhtP/FT"
    "RTA47SQp3ZQu0Tk2KNXIHTneTawDNePTiY4ogDVe4JV32pA144wT5nZn29MS5/w/dtXjMo"
    "g8Tlpe41SrSv76XuP1TBZSUjIOD3bI8LCQwimimCAv696ODKdPwnUfQN5KZFMCcN9dDc9q"
    "8OU4F6hDgc5M0z7IVMJ8rXzgoJLH6Cafz42Jil775i372PjS5lxezEiGUDDZjlGIn6VwFm"
    "uaMQZyxtmHE2TFysFEM5xbkqmFd8CWRN4u014oKSyVKwfs9YBYsjmkkKNh+8Bf/m949S6D"
    "JnXC5fST0TlxcML8dYSiU1nZKSH1UBhH3yDUR3Kbe7YEZBWIb+z78xHmN5/Sv8q1FGC7sy"
    "vlJl9v0f7Qw2ug=="
)
