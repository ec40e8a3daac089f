/** Bytes of the log as text that can be shown: clients have written parts of it. */

/** Controls, what turns the direction of text round, what is not to be seen, and halves of characters. */
const UNSEEN =
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu

/** A latin1 string of the log as the UTF-8 that it is; U+FFFD stands for what is none, or would not be seen. */
export function shownText(bytes: string): string {
  // Nearly all: nothing to decode.
  if (/^[ -~]*$/.test(bytes)) return bytes
  return Buffer.from(bytes, 'latin1').toString('utf8').replace(UNSEEN, '\ufffd')
}
