from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE IF NOT EXISTS "attempt" (
    "key" VARCHAR(64) NOT NULL PRIMARY KEY,
    "failures" INT NOT NULL,
    "last_at" BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS "idx_attempt_last_at_ea2034" ON "attempt" ("last_at");
COMMENT ON TABLE "attempt" IS 'Failures to sign in, of late, of one account or from one address; `key` is its SHA-256.';
        CREATE TABLE IF NOT EXISTS "user_group" (
    "id" UUID NOT NULL PRIMARY KEY,
    "name" VARCHAR(100) NOT NULL UNIQUE,
    "created_at" BIGINT NOT NULL
);
COMMENT ON TABLE "user_group" IS 'Users who have the same rights.';
        CREATE TABLE IF NOT EXISTS "audit" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "at" BIGINT NOT NULL,
    "actor_id" UUID,
    "actor" VARCHAR(100),
    "token_id" UUID,
    "address" VARCHAR(64),
    "action" VARCHAR(40) NOT NULL,
    "target" VARCHAR(255),
    "result" VARCHAR(20) NOT NULL,
    "details" JSONB
);
CREATE INDEX IF NOT EXISTS "idx_audit_at_f87c73" ON "audit" ("at", "id");
CREATE INDEX IF NOT EXISTS "idx_audit_actor_i_bb96f2" ON "audit" ("actor_id", "at", "id");
CREATE INDEX IF NOT EXISTS "idx_audit_action_d92c75" ON "audit" ("action", "at", "id");
CREATE INDEX IF NOT EXISTS "idx_audit_target_deeccf" ON "audit" ("target", "at", "id");
COMMENT ON TABLE "audit" IS 'Somebody did something, or tried to.';
        CREATE TABLE IF NOT EXISTS "identity" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "issuer" VARCHAR(255) NOT NULL,
    "subject" VARCHAR(255) NOT NULL,
    "user_id" UUID NOT NULL REFERENCES "user_account" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_identity_issuer_187ef1" UNIQUE ("issuer", "subject")
);
COMMENT ON TABLE "identity" IS 'Who a user is elsewhere: the subject of an OpenID provider''s tokens.';
        CREATE TABLE IF NOT EXISTS "script_grant" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "script" VARCHAR(100) NOT NULL,
    "right" VARCHAR(5) NOT NULL,
    "group_id" UUID NOT NULL REFERENCES "user_group" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_script_gran_group_i_a7be4e" UNIQUE ("group_id", "script", "right")
);
COMMENT ON TABLE "script_grant" IS 'The members of a group have a right to a script, or to ANY_SCRIPT.';
        CREATE TABLE IF NOT EXISTS "membership" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "group_id" UUID NOT NULL REFERENCES "user_group" ("id") ON DELETE CASCADE,
    "user_id" UUID NOT NULL REFERENCES "user_account" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_membership_user_id_5ef16d" UNIQUE ("user_id", "group_id")
);
COMMENT ON TABLE "membership" IS 'A user is in a group.';
        ALTER TABLE "token" ADD "address" VARCHAR(64);
        ALTER TABLE "token" ADD "last_used_at" BIGINT;
        ALTER TABLE "token" ADD "scope" VARCHAR(5) NOT NULL DEFAULT 'ADMIN';
        ALTER TABLE "token" ADD "kind" VARCHAR(7) NOT NULL DEFAULT 'BEARER';
        ALTER TABLE "token" ADD "agent" VARCHAR(255);
        ALTER TABLE "user_account" ADD "password" TEXT;
        CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the audit are not changed';
END $$;
        CREATE TRIGGER "audit_stays" BEFORE UPDATE ON "audit"
    FOR EACH ROW EXECUTE FUNCTION audit_stays();"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TABLE "token" DROP COLUMN "address";
        ALTER TABLE "token" DROP COLUMN "last_used_at";
        ALTER TABLE "token" DROP COLUMN "scope";
        ALTER TABLE "token" DROP COLUMN "kind";
        ALTER TABLE "token" DROP COLUMN "agent";
        ALTER TABLE "user_account" DROP COLUMN "password";
        DROP TABLE IF EXISTS "attempt";
        DROP TABLE IF EXISTS "user_group";
        DROP TABLE IF EXISTS "identity";
        DROP TABLE IF EXISTS "script_grant";
        DROP TABLE IF EXISTS "audit";
        DROP FUNCTION IF EXISTS audit_stays;
        DROP TABLE IF EXISTS "membership";"""


MODELS_STATE = (
    "eJztXXtT27gW/yqa/HPbvVmGBgptuXNnAqVb7rbQAbqPKTuJiZVEiyNlLYWUu7ff/Z4jya"
    "/4gU0ehNQzHQqSjmT/LJ+3jv9ujIRLPbnVVoqOxqrxhvzd4M6Iwi+zXU3ScMbjqAMblHPt"
    "6bFObNC1VL7Tw7n6jicpNLlU9nw2VkxwHPzOYd7Ep5IoQSQbcMJ4k4g+8RxF9S+CU+L0em"
    "LCFRE+6ftiZNpcF8jkAene0LsuYZIwJcnF+/aPrZd7W7i4K3qwOuODJa8z4eyvCe0oMaBq"
    "SH1Y7csf0My4S79SiX9+aXiOVB1HNf7AnvFNp8+o5yYQhtlxMt3RUXdj3Xg0dPx3eijez3"
    "WnJ7zJiMeGj+/UUPBwPNwvtg4opz7cmBvDnU88zz6hoMlcODQof0LDK3ajBpf2nYmHTw+p"
    "zSVEbY1O5/TssnNxfNnpNFJPNqCIPQTb1BMcdwXjSmoERs7Xjkf5QA3hz73db2adCAgzCh"
    "f8pX1+9L59/mxv9zkuKGBrmS13antauuubnsJRjplEP4II6L7dCWm0T7jKBjtOMoM43MVD"
    "EA8aIsij9yPAd3tZgA/wCn5svdjd3321s7f7Coboqwxb9guewcnppQY4AjTY2xl4SuXkYR"
    "qjmoEUnhxVbES3gl+WBXDjX/0J7yF8xPI3Zq54i4vpvxtLgr8A28OTnwy8yCX6N7Htiw3X"
    "Tu9m6vhuJ9UjWiJvbLpr1BrNtjjcGWiM8Irx+iwcJy7liqm7LFEQ9hXKAhYfda8w+HUoiE"
    "MmkvrIZ2EuOgWGSoEfDSmRk+s/aU8hr3Y4ORtTfvKWjH1xC2v4/0DGfkO5THP+RU2awea/"
    "NJiUE6p5rp3JcPgY789l+MxNvzGHbJDLhMz4+9mP5d3ry+8N+3ndau3s7Le2d/Zevdzd33"
    "/5ajvkQ+muIoZkX5qEPAiYVL4UiB5cWYkbUSxG6JbhUCsTu62XL0vIXRiVK3h1X1IwBK9E"
    "BZBjJDXK5VBGztbJYiafP5+8zUY5RjKD8mTC3C0kfIJYF0Crcd3Z07COhVQDX3dqiLLEbR"
    "LdNLTvhE/BiPiZ3mmAjaLToxmAWmn52U7zNCGNWiNZ4TvTUKjFNxTcO9wxVeZFb18ctd8e"
    "N749jv5yidI7S3kxHYWaiwqH3Ku2tImkPZ8qouhX+DF0FJHOnSRT0DzQhGRyi5xx7y5uOa"
    "IuckPH6kCrIZoQWuRQTDnQ9Ghaj1nKKlf8inetidsFFcglXYCSK/jdB4KhkNSYwtMh6w1B"
    "j5IwEBXmqSPJNR1MeEkTuJIalM+5Fs+07teFYmaCXgl/7D6GeXAPFytSd/T/FeRwMH4Dhf"
    "CL7e0SQhhG5Qph3ZcUwi4bUFlJ04koah9Ojg8n5hyD26rkHbPjV7d9G4fH7fPj8zRXiLUv"
    "AtsiSyiAdj8X2f2Uit4T40qMISRYIbTttx9PTtPIRs2LALaMZp6vl6e0cpDUCEN1v1iSsH"
    "aNzbrG4iDTr2MGMrA6yEnCBYBsme26SLyqQPr0FtTdB+zWJGENpPZqgzX0AChnSWswrV1S"
    "RTzFSB4koNYMsWXrVdrWq4RvQLB56NbOudo59xQhfarOOY16hm8ueBr5rjl9QzZXo6yHbk"
    "x9Ccqs8ImD8b2B74ysDw22iiSMbxFcWGq/l8skruU2Cae31CcGM1eHDO8IOs/UEJ5MRrBx"
    "WQtpP93YkXIqfDfMQnH8geAt5pKhI4dNmFu7+T69PyLmikhf+CNHHZBTwamd1Ca/EIGOui"
    "mTtHbgrQuna66tA2+NnEtLcd8xMAXdEeNphA+F8KjD80LCEdkM0NdAtyyZErasWEc/O/uA"
    "M4+k/MvTDSczYffTzx8PjwF8DT0MYioRjY/wDjhZGu9L+jXHPorTbIL2WYD05fFvlwmkg8"
    "377GP7Nw3u6M72fDg7/SkYHnsQRx/ODmuP1OpN1kCgV0d5hvL7tP4r5L3FFRCdY8ayUjoP"
    "Le27n8+p5+hLzjUD4hltG2IKJPamyWWbD6MwcL6JAI3o6Bo08yEbz4nSx3CiTYUKLJselX"
    "LeV+6TmWaTUFqmyfyT7/DMcxmmo1lkNJu77AzCkfcazZdgS9pXQufHkoEvJmOwNW8p/OGz"
    "wVDhaQqHGKom2rzwd/v0987F0fnJp8u0ebyYKTMzcfVM1s1hqPE3PWWdk/s0cnKjx1Y+Gh"
    "1Q1Ikq5Sxd80JUgDgk2ECEFxzzj7Ogsv6wOE3t7i9292usFuDv/ymY52mCeq/DP76n1snj"
    "b3DPVF/sA7nH5x9ugPuVF+Njx9xYrVzosz6wqNExMhz3JcbXPvI1YA9F+kPtI1+m5lD7D9"
    "fJ6aXtuDmt79Bq3BA5WDtz1sNNEUMsQ9gn8cyX+KPkuBIx/uCML+OBZyErQJ8zKtOpEEud"
    "CJWq2pnwJJwJtTG2EG2rTmWrU9nWx7K9N5Ut5Y6p3QVP1l3QnrhMHXPlZ9YfifUWqhEOji"
    "unQVyIEb0W7h1xmUsk/KGT70wQwmfUJUqkFYoyRJi9d6IIbjRXkmt9RJd6/SaZMthwE4V5"
    "ergnyQ29k02YxWQMMkWg02O3FD0TpkGOqXODwZMt0oWbEb5OBgSN5Yrjy/EPSRAn4tgTwm"
    "hRNUlXh37hEXfNPGEiIFweqEF4FQd6OgBCzwfXQ5h9MeDig3DfFrT46qoBg+EXUJSCxQnc"
    "O94w/KaXF/3wgvGgsIvnk5UAMuCHsMc12VXj7OerhiW74j14dEiHc1DfFz6MdqlymCe7Nj"
    "tyCFM5wSlouG6mStffMrYnam9NAn8hcHbHp3qsMZBsN7ebbK8Vv7VU/Cr7J2q/RImjOLE3"
    "pqz2F6eZQ/17OmlMFZRpjU0VX2VIsAmpjyvwVgYSr8qGjdPUG7Y+i7fis3ih6lGBJ2R7Lj"
    "chNr9bhins5vOE3TRLCHW4sgBHFJu3gZdy3NGo91Ugjig2cA+3yuzhVv4ebqXrzBiLKI3w"
    "fy7OTnMSyyOSWR2X9RT5H/GYLBMFWrPdXIAsYoEz5x+fmD0pMSP/cILD9SnD+hY9MgaelB"
    "sk7GsWOUHc+KgSkRR7DpFYu9/Y81gATEzUeKJIbzjh6IXwiQS1FAb2mUclGTl3xKcjBw8i"
    "CnJN8Q9xS92sMMwylpgjQ8NeRkWNMUlVZ2xUzdiocwoeP6dgmZzrk+PDk1bZB72jzkLeNU"
    "4Mu/+DAgx9rOH5BPS2OiSc4w3pmsJr2gUJPAePURuPKXfJreNNKHmm/zOsBhiMJ/jgecYH"
    "BZa3ThmHZqx8XMSDtKsy/nftolxLF+XjVwtcKzV5p1VCTd5p5arJ2DVzvnjNpPn66soPj1"
    "iPo7NbcwZYN+8UWHMmxJrcWesUZA2wz5LP0WMpkM6xQffK5jMO+vqEm6NfpictWLMG6fIn"
    "OvjYQX1OC9XpkHIdEcVm6h6g+eBRbIHOi6P3x28/fzh+2wzHQas7wYrH3anwb3QeQVeLZB"
    "PBNI0majoUAB3QHBCBBZV1m+1HYT31mcJ4JgYgdVkWK/SlqZo8I+bhPqiDtZNlEA6VlCvy"
    "TN8fGjVvtHIwGXvCcW389kDf/RU3sc435Krxww8/XDWeH5CuaYKlMBqqqzrDfiNWlQAlBF"
    "5iZowCrphnEtk1iJrgmgIYFjG89mshbkaOfxMGcsee06NBJRk5GVP/lkmBcWU5FsKDy8Qb"
    "T1hqWFHamGjPun+Ka7mlR3bL6zLRg42HXJMqftAanfjKpopliGQPgFY1kfn94eawQ3BwnL"
    "CaTlUn+S/aZKwPCS4/eBa9I6UxDilWWBc4ZPLL2sFJqF+XAPp1Lsyv6/MUj5C3kOTxFUBO"
    "EtYgF4EcKUBV4hJJqrlCE/Niez1hngJkt3C9x4B1YRGLxN43mmKVZxIjqWNFD0eewm0+gL"
    "HHyb7P+k/J4u5MdTArNAvF3LruMZoHfalzzUBb9Lc6QXWQWUkm+WX3IopNyIEoAGspRffA"
    "MB53fAr3Lh+k62XS17xhBpbrSp9OziTehM29Assw4R0p6+pIENWJlRlfjJD0r2rxuDjVxn"
    "yReiVRuQh5476E919llrErQH+Wsn4Ccz0BOXRaL/eqsPAU4eax78UnGAe+/ipAx2lW6Nlb"
    "jUNv8RDXZ6TrM9KPHWvOOyN9fnxxeX5ydFkUac7w6XVM6sm8hV7jSVwbAnzizdfZqfNh9A"
    "6m2CR4KqUtxAv3+IMMn0+A5BmnlwJ+lCncYyd6WmpAIZ6VqvD4WqnLKMBjcSmqvRMMKfNp"
    "HZvBPdVfi7ZJAR6jusQOXN4dkSPH82xG9xviBLkUmHIgYMQNJX06JR6etsFPWUt7DnyU+X"
    "2d5a2GWSaXM6kgQGXOsZucEDWEBl9MbXZFd4hbVP/ePTBpHiY5xGZ8unRMMU1UcD3b95ek"
    "vpYqRpPkpxdED7Sipy5J+GgBwxev97d/3H4B/8j29hv975/652MGC+fKRi+RcRjIhOXnG6"
    "7Djl98tuFcGYRnmgUfIbvNkjbx7kKZY236XjjyXtHzgSH37vaZb5xhXWTw3cA11jUZhBYM"
    "rCYC77zOcxs5LsVUOZOtphfspkXNQmfXooVhriFmCCoju0yxE72AzhfEv3B+EGec6s+5jV"
    "jPh6HwxEGISAa7muALfqBLtugCdvYCrriu6WLqpAwECR6t3CJdyf5LbX4fiDK7qqfvDqbQ"
    "TqymlV0wqzmpQKc4YIuAOITrZTA/F/EqNfpjcuEZLURi9jwX3qc9mxWkE+JFYbEh7uqbM3"
    "JaKjrOra/7ZWYvh27P2SJ8mQMDRpukqs9DrN15iHXTa9bDApgzsBAyrmo7O0G2Osf2huzx"
    "pxnX2TjwzSbOTvu7f/PnZP3VD6Di7q+Of4Kshv/B8KPKl2W/5mWZ2OGbhPjCUqZQa8naxd"
    "zx73IOa1qK2U/CBuHiJwZo0W60CZFhztQv7fPDk9P2+e/ZSVOHGQmUh79fHrfX58i69sJn"
    "2LGBdz7fgO0HI0r4TGM1LQ60xaU3B/oxw7NXOIKArUR9W2EzPEcemlhgM5pKolmO0kUvYT"
    "9BbuM40YGx4LyZNSzDEdZDaw7BOZycnH76fAlUpY+FJfV7l/nU1LuqT2A9ros0ehIpsIsO"
    "sMeINvAc1l6ZVIL8TILUAfZ4vLSkFE/Q1MnPaUn+uN8HemwwZ5JDW2WSX3BYQXpoK5UAk6"
    "14Fqn8m6h7rljbH1GXOQa5Crs7SbWBe3wpFQ6r5yrOmaS43hgvPoWuPha7ihObtcO9ro/z"
    "lCPWK3MH/KpzgRoZDgHb0yxyCUyjMSWcAjbvKKg+E68uhx/kcKSuEWcLyWBkVZKuRx1JbQ"
    "YSjsI7zvIGLGxudAOcoc0uyYDd6no7k7Ghl4o86+J/wIO7z4nAcLUOS+tPqkosPZOcU38Q"
    "BX4yz9NXYXq7uu4NhrwPkJwTLvQ3VXTRH58phfV8eLyi3h1csU+3CJYO0kFumAfvAK6G9u"
    "3VDPRnVIwv44o7+nZpuKQOSJuqNvojJvRrWPFHmKVGTg8uAuZ3bjBl7FY7OGxqGOwkLKaj"
    "fDGBB2+rE0HfDaVjDWjfFyM9H97GlOKrgusJH++xa7aBrR4UfENFht+AuQHJUd5rEgO49p"
    "Q8sqfE7plKWnlEsoHq4nJUclPO6iGHa+OEtcZYpDHG2Uo1lGcoHwvmRwqQ5GJZwbEXjl+d"
    "j2QnddDQtKyHI89K9cobMaSqT9BbNa0qhBFVDaFV99IQ5hfTiJFswonVlVfTMIpyGvGCik"
    "YRSV3R6El+/aJNfTDLGhkWuO1pFn7+MxpznwWeD/4cR3ayDK3vJat4Tnmfb1eB8S0rxp9j"
    "JLVdVc6uwpeqAsJ2+Aaiu5RKOrCiojxDAcuXZTGS1ZdLrIXZw4XZt/8D9Rfdpg=="
)
