/** Written by sops 3.11.0 (`sops --encrypt --input-type binary`) for a key of this test alone. */
export const recordedIdentity = "AGE-SECRET-KEY-1U8V4K34AYE5CK6RVGJST69265E64XKQ7795LLWSH9MXTAXRTAMGSQEEMND";

export const recordedSops = String.raw`{
	"data": "ENC[AES256_GCM,data:9Pdmd1/ri082KSEdDqvY0kbhQlddmw==,iv:rl4HBFiCUmizNC60ntSd0Aoyk5wmR7ISVtwxFu4IsRI=,tag:ko0RO87x2U3vgzscFpgYJQ==,type:str]",
	"sops": {
		"age": [
			{
				"recipient": "age1u74fzp58d7tkcj483ac6pgasjvnw828n0y92gq732p2a02l2ta0qv2lc2z",
				"enc": "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBwL0RUN2RyVk52SkUrS0RW\nVlYzRHRUSnlqei9IWDRtNWVCQzhBbThNb0hzCnRKc2ZObTFJWDF6MzFmTHdJS1JH\nZ3FoSmRFQ2oxZEFsSUtBRUVSSDFVdUEKLS0tIGhTTDNWQnNKbmNJWDRvamcyd1NS\nZUIvdE4vM3FRVUc2WGZNaUMwQXFDUE0KdvKIOCUgM3ykjSEHhWE36ZSD9RZfN3Ui\nxm0yfZ0o37MV+W1aRazRjysZfQVci2aSg68mRi+W2iSlzhf+BRW/tA==\n-----END AGE ENCRYPTED FILE-----\n"
			}
		],
		"lastmodified": "2026-11-23T20:22:42Z",
		"mac": "ENC[AES256_GCM,data:JZq+nzyzk4Oyhq3fOOoImxzC95oTtQ0RP/g5I8DC0VV4/IyTEhpJfIK9RWxxlZUGbDa5WzjNYhKJN8hZuTEX4NF+eNhixGVdBFj7W3cUm929x68cA0mX/ADulUnc/JUrW6JYPR7M3wshQGIpN/LrNyhxHm59ONRzNWcXIoRnmCE=,iv:8o6PKgsXIWHl1N4ksIh4fX66mWIx6C+GjRD5Cuzr9Yo=,tag:TtKnlW5bV7+M0CdIKcpmIw==,type:str]",
		"version": "3.11.0"
	}
}`;
