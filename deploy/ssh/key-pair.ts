import ssh2 from "ssh2";

/** An ed25519 key. */
export interface KeyPair {
  /** OpenSSH's text form, not encrypted. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA… comment`, without a line feed. */
  readonly publicKey: string;
}

/**
 * A new pair that can be read.
 *
 * ssh2 1.17 (lib/keygen.js) takes a zero at the public half's beginning for padding: one pair of 256 is a byte short, which
 * neither ssh2 nor OpenSSH reads ("error in libcrypto"), so that an sshd with it would have no host key.
 */
export function makeKeyPair(comment = ""): KeyPair {
  for (;;) {
    const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync("ed25519", { comment });
    if (!(ssh2.utils.parseKey(privateKey) instanceof Error)) return { privateKey, publicKey };
  }
}
