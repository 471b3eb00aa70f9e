from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE IF NOT EXISTS "report" (
    "summary" TEXT NOT NULL,
    "notices" JSONB NOT NULL,
    "facts" JSONB NOT NULL,
    "process_id" UUID NOT NULL PRIMARY KEY REFERENCES "process" ("id") ON DELETE CASCADE
);
COMMENT ON TABLE "report" IS 'The large part of it; what is small stands with the process.';
        ALTER TABLE "process" ADD "error_count" BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE "process" ADD "progress" JSONB;
        ALTER TABLE "process" ADD "warning_count" BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE "process" ADD "reported_at" BIGINT;
        ALTER TABLE "process" ADD "notice_count" BIGINT NOT NULL DEFAULT 0;"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TABLE "process" DROP COLUMN "error_count";
        ALTER TABLE "process" DROP COLUMN "progress";
        ALTER TABLE "process" DROP COLUMN "warning_count";
        ALTER TABLE "process" DROP COLUMN "reported_at";
        ALTER TABLE "process" DROP COLUMN "notice_count";
        DROP TABLE IF EXISTS "report";"""


MODELS_STATE = (
    "eJztXXtz2za2/yoY/bNJr+pxZSdp4p07YztO621iZxxndzvVjgSLkIQ1BagEZMV3b7/7ng"
    "OAL5GUSOtplTMZxwZxAPBHEOd9+J/GSHrMVwenWrPRWDfekf80BB0x+GX2UpM06HgcX8AG"
    "Te9805cmOt0pHdAejtWnvmLQ5DHVC/hYcymw8wfK/UnAFNGSKD4QhIsmkX3iU83ML1IwQn"
    "s9ORGayID0AzmybZ4HZOqEdO/ZY5dwRbhW5MvPp9+3Xr0+wMk92YPZuRiseZ6J4L9PWEfL"
    "AdNDFsBsv/0Lmrnw2Dem8M/fGj5VukN14194ZXzf6XPmeymEYXQczFzo6MexaTwf0uCD6Y"
    "r3c9fpSX8yEonu40c9lCLqD/eLrQMmWAA35iVwFxPfd08obLILhwYdTFi0Yi9u8FifTnx8"
    "ekhtlxC3NTqdq+vbzpeL206nkXmyIUXiIbimnhS4K7jQyiAwot86PhMDPYQ/Xx//YeeJgb"
    "C9cMK/n96c/3x68+L18UucUMLWslvuyl1pmUt/mCGopnYQ8whioPtuJ2TRvhQ6H+wkyQzi"
    "cBdPQTxsiCGP348Q38N1AT7AFXzf+uH4zfGPR6+Pf4QuZpVRy5s5z+Dy6tYAHAMa7u0cPJ"
    "WmRZgmqGYghSfHNB+xg/CXdQHc+Gt/InoIH3HnG7crPhBy+r+NNcE/B9uzy58svHhK9O8T"
    "2xcb7mjvfkoDr5O5IluyqG/20qg1mm2hgg4MRrhiXJ+D49JjQnP9mMcKomtzeQFP9lrIDP"
    "4xlISSiWIBnrMwFpvCgcrgPBoyoiZ3/2Y9jWc1FeR6zMTlezIO5APMEfwFD/Z7JlT25F/V"
    "oDnH/G8NrtSEmTPXjWRP+MTZX3jgcy/7xpzxQeEhZPsvPn7c2b275709ft62WkdHb1qHR6"
    "9/fHX85s2rHw+jcyh7ad6B5F6aFD8ID6liLhA/uLIcN6ZYDdMtc0JtjO22Xr0qwXehVyHj"
    "NdfSjCF8JSqAnCCpUS6HMp5snbzD5OvXy/f5KCdIZlCeTLh3gITPEOs50Bpcj14bWMdS6U"
    "FgLhqI8thtGt0stB9kwECJ+IU9GoCtoNNjOYA6bvnVDfM8IY1bY14R0GnE1JIbCu4d7php"
    "+6Kffjk/fX/R+GM78sstcu884cVemCu56KjLQrHllCjWC5gmmn2DH0OqiaKPikxB8kAVkq"
    "sDci38x6TmiLLIPRvrEyOGGEJoUUM5FUDTY1k5Zi2ztEVbdJ2K2wURyCNdgFJo+D0AgqFU"
    "zKrC0yHvDUGOUtARBeYpVeSODSaipApcSQwqPrlWf2gtloUSaoKZCX8cb0M9WHCKzRN3zP"
    "8V+HDYfw+Z8A+HhyWYMPQqZMLmWpoJe3zAVCVJJ6aobTgFNpyEcQxuq5J1zPXf3PZtnF2c"
    "3lzcZE+FRPsqsJ2nCYXQvilE9k1GRO/JcaWDISLYILSn7z9dXmWRjZtXAWwZybxYLs9I5c"
    "CpEYbqdrE0YW0amzWNJUFm38YceGB1kNOEKwDZHba7wvGqAhmwBxB3n7Bb04Q1kMaqDdrQ"
    "E6CcJa3BdHpJFfaUIHkSg9oxxNYtVxldrxK+IcH+oVsb52rj3HOE9Lka5wzqOba58GkUm+"
    "bMDblYjbIWujELFAizMiAU/XuDgI6cDQ22iiJcHBCcWBm7l8cVzuU1iWAPLCAWM8+4DB8J"
    "Gs/0EJ5MjrNxXRMZO92YKjWVgRdFodBgIEWLe2RI1bAJYxsz3+efz4ldEenLYET1CbmSgr"
    "lBXfALkWiom3LFagPerpx0zZ014O2QcWkt5jsOqqA34iKL8JmUPqOiyCUck80AfQd06+Ip"
    "UcuGZfTr64848kip333TcDnjdr/6+unsAsA30EMnrlPe+Bjv8CTL4n3LvhXoR0mafZA+5y"
    "B9e/HP2xTS4eZ98en0nwbc0aO78vH66qewe+JBnH+8PqstUptXWUOGXh3lGco/p/ZfIe4t"
    "KYCYGDOeF9J55mg//HLDfGqWXKgGJCPa9kQVSO1NG8u2HEaR43wfARqx0R1I5kM+XhKlT9"
    "FA+woVaDY9ptSyr9xnO8w+obROlfmngIrcvAx7oTlPabZ32RlEPRcqzbegS7pXwsTHkkEg"
    "J2PQNR8Y/BHwwVBjNgUllqqJOi/8fXr1a+fL+c3l59useryaIXMjcc1IzsxhqfE3M2Qdk/"
    "s8YnLjx1beGx1S1IEq5TRd+0JUgDgi2EOEV+zzTx5BZe1hSZra3D/f3G+wWoG9/6dwnOcJ"
    "6kKDf3JP7ZLF3+KeK764B7LA5h9tgMXCi7WxY2ysES5Mrg9MamWMHMN9if61jXwHjod58k"
    "NtI1+n5FDbD3fJ6GX0uCW170hr3BM+WBtzdsNMkUAsh9mn8Szm+KN0vxI+/jDHl4vQspDn"
    "oC/olWtUSIROREJVbUx4FsaEWhlbibRVh7LVoWy7o9kuDGXLmGNqc8GzNRecTjyuL4QOcu"
    "uPJK7OFSMo9isnQXyRI3YnvUficY8o+MME31knRMCZR7TMChRliDB671IT3GieIncmRZf5"
    "/SaZcthwE41xergnyT17VE0YxUYMck3gos8fGFombIMaM3qPzpMD0oWbkYEJBgSJpS3w5f"
    "iLIogToS5DGDWqJuka1y884q4dJwoEhOWBGISrODHDARBmPFgP4e7FgMWH7r4DaAl0uwGd"
    "4RcQlMLJCdw73jD8ZqaX/WjBmCjsYX6ylkAG5yHscUPWblz/0m44srbowaNDOhyDBYEMoL"
    "fHNOW+6rroyCEMRcMsaFg316Xrb1ndE6W3JoG/EDi34zNXnDKQbre3m26vBb+dFPwq2ydq"
    "u0SJVJzEG1NW+kvSLCH+PZ8wpgrCtMGmiq0yItiH0McNWCtDjldlwyZp6g1b5+JtOBcvEj"
    "0qnAn5lst98M0flzkUjovPhOPskRDJcGUBjin2bwOvJd3RivdVII4p9nAPt8rs4VbxHm5l"
    "68xYjSiL8N++XF8VBJbHJLMyLu9p8v/E56qMF2jHdvMcZBELHLk4fWI2U2KG/+EAZ7tThv"
    "U9WmQsPBkzSHStOc8I4iV7lfCkuDxE4vR+q89jATA50eOJJr3hRKAVIiAKxFLo2Oc+U2RE"
    "H0nARhQTESW5Y/iHfGBenhtmHVMsEaHhllFRYkxT1REbVSM26piC7ccUrPPk+kwDeNI6P9"
    "E7vjj37Bqnui3+oABHG2uUn4DWVkqiMd6Rri28ZkyQcOZgGrW1mAqPPFB/wsgL8589auCA"
    "8aUYvMz5oMD65ilj0EyUj4vPIGOqTP5dmyh30kS5/WqBOyUmH7VKiMlHrUIxGS/N5BfvGD"
    "ffXVn56R7rcZy7taSDdf+ywJozLtb0ztolJ2uIfR5/jh/LHO6c6LSQN18LkNcnwqZ+2StZ"
    "xprXyZQ/Mc7HDspzhqlOh0wYjyg2M+8E1QefYQtc/HL+88X7rx8v3jejftDqTbDicXcqg3"
    "sTR9A1LNl6MG2j9ZoOJUAHNCdEYkFl0+auI7OeBlyjPxMdkKYsi2P6ylZNnmHzcB+MYu1k"
    "FbpDFROavDD3h0rNOyMcTMa+pJ7z356Yu28L6+t8R9qN7777rt14eUK6tgmmQm+oqeoM+4"
    "04UQKEEHiJOeLdhGmoD3rTi+6/5Z06ULTPui+bZCI0963L1YJrBrpjAJJD0twTVq4xNaF5"
    "5HtW7mkQrFRHFEWfLwo20QyTMQseuJLBQcDGMtA4XVdIzXusY4r1dAE0GNy4d8OWoZzCMN"
    "o+owHG3lsK4yzGUYyUHz/xKSNDBtve4MpRPsL13kl5P6LBfeSQHvu0x8KKOPHKAF81ltIH"
    "uPEBpjROrIxtVc3whrBnt7xMFm/QpOs4raqErXHmWj5VItIlvwO06okqvh5tctcFOycJq8"
    "mGdbLCqlXfOtlx/U7A+B0pjXFEscH6xhGzWtcOTkP9tgTQbwthflvnhWwh/iJ9xlcAOU1Y"
    "gzwP5FiQq+JfSVMt5WJZFtu7Cfc1IHuA820D1pV5XlJ730q8VZ5JgqT2eT0deQa3+YSDPU"
    "n256xjlS5Sz3UHo1vzUCysT5+gedIXR3cMtFV/cxREB5UXLFNcPjCm2IdYjjlgraV4ICjG"
    "407A4N7Vk2S9XPr6bJiB5a7SJ6Bzifdhc29AM0xZR8qaOlJEdYBozpcvFPu9ml8xSbU3X9"
    "beiHcxRt6aL+H917nl+OagP0tZP4GlnoAa0tar11WO8Azh/h3fqw+UDm39VYBO0mzQsrcZ"
    "g97qIQ7dP5XsIAmaWul+utKddJhVO85nKbd4nB8+tyN8SgMBq3oK7BnSGvfyuCd8wdVQny"
    "GsMS+PecKvXlGNn6GsFfi6KEpdFGXbwWVFRVFuLr7c3lye384LLctxfnVsrOmyld2TUdt7"
    "AnzqzTfpKMth9AGG2Cd4KsUpzrKjYiivBbuV8GMxoDfRSM+S6ywqaBgMcnxI1VH6FA60Jy"
    "BVjHh1myQn4DXePsXxrvFmLfcBBR9TiDEvRNtgyRMXTamIGlHfD2sCYQkeG7foKu00ZjBZ"
    "ajATPmu1QxejitIZecEFGfFeIBUDVIFQceCj5Ie3bw5fNonPHphPXrSdWtmGFbVDXcfW7W"
    "lbIbzdeInhrm0xgrkAc1vFBwa1gbM43T0bw2K7fYArXIArFeSiZJeusLxrEf9bzXJZU8Ti"
    "ZDSiQY6LqtjpmiDZA6vbpp2u7o2tYoRLkNSRSCs3zZnzq8rjiAh242HgtM/6YSyV1loidS"
    "kUotafuLQL/GH1aUtLlo0OjDksp2K0E1jnFYsOu5T5FrQrOTA1QorL/vA5MzWhYXmPTpyy"
    "JQjeERom/2BuiYQe94z02dSJY1Iw5QoXjnI/CL2+2VCuu53JXQIqW3jRJjHpITQEcuryfr"
    "pD3O7m9+6JzUuy2UwuRdljY4aSoBRmtFoq23mpLH6gFW25acKtRYajtvH94Q/wjxwevjP/"
    "/sf83AKfWk35hJrP7DafuTZH8Dket3ncJnl5Ls9xwRu9qOdC1vOR4+nd7fPARj1hPiTphj"
    "FQXZvy6sDA8rfwzpuExhH1GOZ22rREM2E3y2pWOrphLRyTY622bniXrc5rJjAJrtrYJBSy"
    "MwG3W2xOODE2CfPFBbeAtjBFiG1h34Ek4aNVB6Sr+P8xl8hJdTirb+4OhjDRSk3Hu9DSYU"
    "prsCl2OCDADmG9HMYXMllW+Z0ZJCwqhEjMFiDC+3TFhMK8UVwUVscWnrm50MjCxoXmit9m"
    "9nIU3zb71YjcjuFBm6aqC3jsXAGPXZNrdsM0u2QEaXRwVdvZKbLNhQHsyR5/ngG8ewe+3c"
    "T5+Z2LN39Bemf9ACru/ur4p8hq+J8MP4p8efprkV/Bdd8nxFeWG4dSS94uFjR4zIczpJiB"
    "M8oLeGaAztuNzrgcWaL/fnpzdnl1evNrvqPmLMcYffbr7cXp7tRYNFEkOXpsGF1SrMD2wx"
    "4lbKaJIqwnRuMymwPtmFGRHexBQFdigfskTFT4MFKxQGe0n77JM5Suegrj9Y7CmuLKQK5A"
    "UqhYRj2chdZWbaKCXF59/noLVKXr/6Tle48HzBZor0vtbNdEGj+JDNjzKi4miPaw4M7rMj"
    "kjxSkjmYyRZLxfSS6eoqmz3LOcfLsftN42mDNZwK0yWU7YbU4ecCuT6ZQveM4T+fdR9tyw"
    "tD9iHqcWuQq7O021h3t8LZ/kqJ6UumQ26m5jvPpcybr+2SZKc9UG97Vn29QFnfehoPM/TC"
    "xQI8cg4K4055kEpnGfEkYBF3cUlktOfg4BvyBLlfmogat8jJ5VRbo+o4q5CCTshXecZw1Y"
    "2dhoBrhGnV2RAX8wBaInY0uvsHYx/ocVhl8Sie5q45YeYh1ihTWR02OaAHv4yX3frMJe7Z"
    "pCzejyPkFygRWM8SPApmZxwLUpbiySn4B4hBUH7IBgrWvj5IZx8A5gNazvVjMw3/21toy2"
    "oOZ2WTSlcUjb8sUmlJ59i0pUSzvViPZgETA+vceQsQdj4HChYbCTsGqyDuQEHnxc5Pmesb"
    "EBtB/IkRkPb2PK8FXB+WSA99i122Amkl9FHy2+B85R3mqSALi2lGzZUuL2TCWpPCbZQ3Fx"
    "PSK5rbP+lCpqdLXZ13ssMSaPlWooz1BuC+YtOUgKsaxg2Iv6b85GcpQpy3C0fF2GlRnyHF"
    "evvBEjqrrSghPTqkIYU9UQOnEvC2FxAl+CZB9Kk206g88JylnE55SujknqKlrP8nOtpywA"
    "tayRo4G7K815GjiN+yzSwIvBXyJlJ0/R+rNEFS/J74v1KlC+VUX/c4Kk1qvK6VX4UlVA2H"
    "XfQ3TXUjIZZtQsr0pbMS9LkGw+AbpmZk9nZn/8F2Ha6Is="
)
