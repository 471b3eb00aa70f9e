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
CREATE TABLE IF NOT EXISTS "merge" (
    "held_until" BIGINT NOT NULL,
    "process_id" CHAR(36) NOT NULL PRIMARY KEY REFERENCES "process" ("id") ON DELETE CASCADE
) /* A process whose output lies in many small chunks: a worker is to make few large ones of them. */;
CREATE TABLE IF NOT EXISTS "output_chunk" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "process_id" CHAR(36) NOT NULL,
    "first_seq" BIGINT NOT NULL,
    "last_seq" BIGINT NOT NULL,
    "first_time" BIGINT NOT NULL,
    "last_time" BIGINT NOT NULL,
    "size" INT NOT NULL,
    "data" BLOB NOT NULL,
    CONSTRAINT "uid_output_chun_process_03375f" UNIQUE ("process_id", "last_seq")
) /* Lines `first_seq` to `last_seq` of a process; `data` is made by `jobs.chunk`. */;
CREATE INDEX IF NOT EXISTS "idx_output_chun_process_b530d9" ON "output_chunk" ("process_id", "last_time", "last_seq");
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
    "eJztXXlTGzkW/yoq/7NJllDEXAlsbZUhZMIOgRSY2ZkKU7bslm2t21KnpcbxZvLd50nq29"
    "22G584XUUZLL2n4yf1u/TUfK8MuEVssVvnfcIqJ+h7heEBgT+SFTuogh0nKlYFErdsTSlD"
    "kpaQLm5LKOxgWxAosohou9SRlKvWKzXUItglLtI8u+iG2SMkewTdfay9rh4eId5BVAokyT"
    "eJqEB94shTTRCUiB4fMsRZm+yqLi3ehj4p6y6ldY/Rrx5pSN4lQOVCH1/+hGLKLPKNiOCr"
    "0290KLGtBHzUUg3o8oYcObrs/v7y/QdNqUbearS57Q1YRO2MZI+zkNzzqLWreFRdlzDiYk"
    "msGLjMs21/EYIiM2IokK5HwqFaUYFFOtiz1RJV/tXxWFutDNI9qY+Df/tDi5E1Gtc39cbd"
    "Rb3RqIytqBpCahn8ojZnajdQJhVQ33+YdiNAdGlFdXD+sXb7Yv/opYaAC9l1daWGq/JDM2"
    "KJDasGPUJZ/x7D+byH3WycA/oU0jDQp2AcFEQgR9s+gC8AaAmQVgb4W8MmrCt78PXN3t4E"
    "jH+r3WqYgUrjzOE5NU/vtV9VNXUK7whfi3aJkEUQjjgWg/H0fbwyhI8OZgD46CAXX1WVhL"
    "ftEgVFA2dAfAkjwUxmo5xkTCENTwuRdEB2gz+WtbdjEsTXFtQMepfx4TokydnlL5fX9RTI"
    "5JtDQaIUBznJuACQ/a27KfKjKJAueQS9+oTdmmQsgfQEcRvFDIQYyyKthM0FbopRoOyuTj"
    "/TJlBQjUP7gbuEdtmvZKQBNvu1nWUM+KLs3m/meUIalUaPi4uHoaEa31Awd5gxkUaz1+7O"
    "a+8vKhrhFm73h9i1GgmoVQ2v8lRJSDteNagO0iWY4a4GR81CjTmOeoYbEqxGvheiJ4Tbbe"
    "4xOasz4hBXgPLiLsLIcXnXxQNwB7BEAraKQBR8CNWxQOBVIIsK1Ze1gxh5BCfDYGadKAdi"
    "hJTfIHuwMiLLL1leR6WLsgHSaHNdlA0yn5fioFAwz6wBZeMIn3FuE8xyNnOMLQV0C/iWJf"
    "fDkhUbITc3V6rlgRBfbWOV1FMY3386uwDwNfRARI0yGDddSo9lBfZhoACKo5zi/DlN7THb"
    "MN+UiTDXIUORIUZ8vg+/3hIb6+HmmoxhrHRLbMbEpgSzpU2EIHNi9Nk0s00oLdMefq9sPz"
    "PQMZs4rJtoF1txqhlsYt/aRP56q5j5sEfbPcQ96XgStXse6wtlygoJPpWFOtQmAg3wCLlk"
    "ALggyVGLqC/8kVhZ1vAyupjDDvaHUdAjT3KVdnFRu7i0JNav/pYpuT5jcHLhMc9056PKib"
    "LLSZBNFV4fYMEEChUVao2Uux20cYKa5nCiqU76/KNANS6EmYUese0R9EL/MqIGBIzNWffl"
    "uARbYj/TxdiX+BFLJIOA6kvieyG3/4x2L/Oet0wBR02QJf5k+VJqc73RrhrC63fV6v7+cX"
    "Vv/+jt4cHx8eHbvbdAq8c7XnU8/YFL+FGBLZ8v9tZ/orZRp5b71RliAvvV3JCAqvqRZadu"
    "jDbfDKt1sSF2JzLi54yyb587sJMKtCd31ibF2gPss/RztCwTtHOMaKpuvmFgr3tM6UOMTM"
    "24Ys0iemAPrAnbyJUNZc9ppTrsEQZqFeliYp0q98EmqgQq784/Xry/v7p4vxPSQanlEWiq"
    "OeRuXx98NLVKFjr7xxSagHyPA3TAc4q4yR6CMr9eKeuhSyVR7gdVI2uGSl80deg+peZhHg"
    "SDX4NVi2gIvwRhEr3Q81NOzYk2DjzH5tj6h7ESTvXsH5ggYOjKE/RQefXq1UPl5SlqmiLo"
    "qofNwNV+Q74pAUYIPMTUOAVMUltTGBA1Q4sAGD5iauwtzvsD7PY1oorWsXEbQGSG0XOI+0"
    "gFd2FcwuHchmGqiSc8NZUyZVy0F83/8ZbY1ZTN2W2ZaGEVR2DHJE38oNTMRUcoM7liR1rZ"
    "BFAqPZFfH24On0QRxxmL2VTlUcqiXcZoA8xqO0UcW2g7LeVAJXpGZsY45FgdxpVQyC9rBy"
    "ehfjcD0O9yYX5X5n2t4RQlKeMLgJxkLEGeBHJkAI2D/J+7m+scbyvBlUaYtiX6C9lUjIUY"
    "loBty6O2BGR3VX/rgFWhlDicDeTGi0+139Mi5fzq5iytOFUDZ+m9byzFImsSY5lrQZ7Pge"
    "FSkCcwzScI9jjbz3lqm0zZpRLAsTIld262boxnerRy80Hz45XVNwfHB2/3jw7CMGVYMik6"
    "mZW+iwXPSJSpk2+5ebsBx5Msuw3DcwJY9Yvf65MlwWDk11zdXP8SkKfFQ9r+4E7DJTB38S"
    "RbL5O/lA0pWFqjYr5KBvM2bO4VeIaJ6MisoY4E0xwRjw2De574RoSojYVsCPK12HlcnOtJ"
    "eu5JJvPecrXcSk7lIuRN+BKef5mZzzQB/TRnuQJzrYDo4erhURERPsa4feJ78RcNg1h/Ea"
    "DjPCuM7K0moLd4iMtLXeWlrnWfNedd6rq9uKvfXp7XJ500Z8T0Gib1ZN6M33gS15YAn3jy"
    "dXbqfBh9gCa2CZ5CaQux7APidjNiPgGSN4zUOXxMx/NT0NDzMgMm4lkgs8NMPyOvI8QlP6"
    "sjXIOZLlD6GdzDHhckSAqwKVFXGhEMb4TEANu2n9F9gnCQS6FSDjhQ9AnqkCGyMXSKOCM6"
    "YVL2yCDzFuXyelNZJvVUKghwqc8gJ0T2oMDlQz+7otlTW1T/3Tw1aR4mOcTP+LSIQ1SaKG"
    "e6tZ8vSX0jTYwdlJ9eEC1owUhdknFtB4Zv3h3vvd57Az9ob+9E//xTf67zsHCubPQZMg4D"
    "nbD8fMNN2PGLzzacK4PwRovgcyVus7RNvHqizvF9+nZIOVX1XFElvZsd6ppgWFMJ+GYQGm"
    "uaDEIfjFPUVM+8znMbYIuoVDmTraY7bI6rmoW2rlULVbmGKkNQGt2l1Q7SHeh8QfVNtQ/q"
    "jMF0lT6jbRdIYcVBiQgKuxqpB/wUDam6/h8N4IHp9wKYdwV0OQqWVuyipqD/J35+H6gyv1"
    "dbzw6a0EGsHV93QavmpgIZKoJdBOoQxkuhfcZRx3haqE9G+j0E4R0thUT6Ppeap383K0gn"
    "VIPqutxjlp6c0dNCEif3LQZfUns5DHv+OZZEmEEYCNokV3kfYuPuQ2yaXbMZHsCcBwuh4C"
    "q2sxNsqwtsb8kef57nOlsHvtnE2Wl/0zd/TtZfuQAFd39x/BNsJfxPhl+ZfFn+a16WiU++"
    "TYgvLGVKWS1Zu5hhd5RzWdPnSL9UKDgufmaATtqNfkJkmDP1W+327PK6dvtHdtLUWUYC5d"
    "kf9Yva5lxZ11H4DD82iM7nO7CdgGKGmGnsnRan2uPSm0PFMcO7V4oCga+kI5FQbIX3yEMX"
    "C3xG+E7sTlagdNFd6Dt44bFQdGEsuG/mO5YhhR+hNZfgMEOX15/v68A187WwpH1vUZfobO"
    "3yBtaaQ6TRSoyBPekCe4xpC+9hHc2SSpCfSTB2gT1+XjqjFk/wlMnP45q8fFF8LDm0Okvy"
    "iyKbkB5aHUuAyTY8J5n822h7rtjaHxCLYoNcgd2d5NrCPV49PJxhiwNV7g7XdakNXjhXcc"
    "4kxc3GuPx3CM/zxmYZcC/fj/OcT6xXFg74r84FqmQEBPyanUkhgWFEM0NQwM87Ct4+E3+7"
    "nJ9uZBMsiJ9vtOO/hYVK1CfEESBvHmEt1CmtmnZWSGDxHczix8faLH33NfvuA9zuUVbMTo"
    "xYttCAWY6RaF6w9JTrnnHG0oaZZMPExUoxlFOc64J5TSH7DXtFbI24oGSyFKxfM1HB4ohm"
    "moLNB2/B/z7lZ0kamjMul6+kHokrCoaXYyylkppNSamHqgDCPvkWoruUi/LQoyQsQ//nv3"
    "wnxrL6tyGtRxkt7O07a1VmP/4G8gNG9g=="
)
