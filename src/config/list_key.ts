const KEYED_ZONE = /(?<![\w-])[\w-]+\.([\w-]+\.dq\.spamhaus\.net)/gi

/**
 * Text as it may be shown: without the key of a Spamhaus Data Query Service account that stands in a zone name,
 * KEY.zen.dq.spamhaus.net. Once only: a second time it would take the label before for a key.
 */
export function hideListKeys(text: string): string {
  return /\.dq\.spamhaus\.net/i.test(text) ? text.replace(KEYED_ZONE, '$1') : text
}
