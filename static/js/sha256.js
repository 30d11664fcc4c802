/* SHA-256 (FIPS 180-4) over a file of any size, a piece at a time: the browser's own digest wants all of it in memory. */
(() => {
  "use strict";
  const K = new Uint32Array(64);
  const H = new Uint32Array(8);
  // The constants are the first 32 bits of the fractional parts of the roots of the first primes (4.2.2, 5.3.3).
  const fraction = (value) => Math.floor((value - Math.floor(value)) * 4294967296);
  for (let candidate = 2, count = 0; count < 64; candidate += 1) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) if (candidate % divisor === 0) prime = false;
    if (prime) {
      if (count < 8) H[count] = fraction(Math.sqrt(candidate));
      K[count] = fraction(Math.cbrt(candidate));
      count += 1;
    }
  }

  class Sha256 {
    constructor() {
      this.state = H.slice();
      this.block = new Uint8Array(64);
      this.words = new Uint32Array(64);
      this.filled = 0;
      this.length = 0;
    }

    update(bytes) {
      let at = 0;
      this.length += bytes.length;
      if (this.filled) {
        const missing = Math.min(64 - this.filled, bytes.length);
        this.block.set(bytes.subarray(0, missing), this.filled);
        this.filled += missing;
        at = missing;
        if (this.filled < 64) return this;
        this.compress(this.block, 0);
        this.filled = 0;
      }
      for (; at + 64 <= bytes.length; at += 64) this.compress(bytes, at);
      this.block.set(bytes.subarray(at), 0);
      this.filled = bytes.length - at;
      return this;
    }

    compress(bytes, at) {
      const w = this.words;
      for (let i = 0, j = at; i < 16; i += 1, j += 4) {
        w[i] = (bytes[j] << 24) | (bytes[j + 1] << 16) | (bytes[j + 2] << 8) | bytes[j + 3];
      }
      for (let i = 16; i < 64; i += 1) {
        const x = w[i - 15];
        const y = w[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
      }
      let [a, b, c, d, e, f, g, h] = this.state;
      for (let i = 0; i < 64; i += 1) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      const s = this.state;
      s[0] += a; s[1] += b; s[2] += c; s[3] += d; s[4] += e; s[5] += f; s[6] += g; s[7] += h;
    }

    hex() {
      const length = this.length;
      const padding = new Uint8Array(((this.filled < 56 ? 56 : 120) - this.filled) + 8);
      padding[0] = 0x80;
      const view = new DataView(padding.buffer);
      // The length in bits; 2^53 bytes are more than any file has.
      view.setUint32(padding.length - 8, Math.floor(length / 536870912));
      view.setUint32(padding.length - 4, (length << 3) >>> 0);
      this.update(padding);
      return Array.from(this.state, (word) => word.toString(16).padStart(8, "0")).join("");
    }
  }

  window.holdfastSha256 = () => new Sha256();
})();
