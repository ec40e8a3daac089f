import { nearest } from '../util/edit_distance.ts'

/**
 * Names in this trade are English; texts about it are translated by machines that translate the names too. Parts of
 * names, German to English, lower case, umlauts spelt out. Endings of adjectives are cut before the lookup.
 */
const GERMAN: ReadonlyMap<string, string> = new Map([
  ['ablehnen', 'reject'],
  ['abgelehnt', 'reject'],
  ['ablehnung', 'reject'],
  ['zurueckweisen', 'reject'],
  ['abweisen', 'reject'],
  ['zulassen', 'permit'],
  ['erlauben', 'permit'],
  ['gestatten', 'permit'],
  ['zugelassen', 'permit'],
  ['erlaubt', 'permit'],
  ['pruefen', 'check'],
  ['ueberpruefen', 'check'],
  ['pruefung', 'check'],
  ['verschieben', 'defer'],
  ['aufschieben', 'defer'],
  ['zurueckstellen', 'defer'],
  ['verzoegern', 'delay'],
  ['verzoegerung', 'delay'],
  ['warnen', 'warn'],
  ['wenn', 'if'],
  ['falls', 'if'],
  ['unbekannt', 'unknown'],
  ['ungueltig', 'invalid'],
  ['umgekehrt', 'reverse'],
  ['rueckwaerts', 'reverse'],
  ['invers', 'reverse'],
  ['nicht', 'non'],
  ['nichtautorisiert', 'unauth'],
  ['unautorisiert', 'unauth'],
  ['authentifiziert', 'authenticated'],
  ['authentisiert', 'authenticated'],
  ['angemeldet', 'authenticated'],
  ['unaufgelistet', 'unlisted'],
  ['ungelistet', 'unlisted'],
  ['unbestaetigt', 'unverified'],
  ['ungeprueft', 'unverified'],
  ['absender', 'sender'],
  ['sender', 'sender'],
  ['empfaenger', 'recipient'],
  ['kunde', 'client'],
  ['domaene', 'domain'],
  ['domaenen', 'domains'],
  ['rechnername', 'hostname'],
  ['hostnamen', 'hostname'],
  ['adresse', 'address'],
  ['adressen', 'address'],
  ['netzwerk', 'network'],
  ['netzwerke', 'networks'],
  ['netze', 'networks'],
  ['meinenetzwerke', 'mynetworks'],
  ['meinenetze', 'mynetworks'],
  ['ziel', 'destination'],
  ['zugriff', 'access'],
  ['zugang', 'access'],
  ['richtlinie', 'policy'],
  ['richtlinien', 'policy'],
  ['dienst', 'service'],
  ['erforderlich', 'required'],
  ['benoetigt', 'required'],
  ['notwendig', 'required'],
  ['beschraenkung', 'restrictions'],
  ['beschraenkungen', 'restrictions'],
  ['einschraenkung', 'restrictions'],
  ['einschraenkungen', 'restrictions'],
  ['weiterleitung', 'relay'],
  ['weiterleiten', 'relay'],
  ['daten', 'data'],
  ['ende', 'end'],
  ['von', 'of'],
  ['karten', 'maps'],
  ['tabellen', 'maps'],
  ['antwort', 'reply'],
  ['fehler', 'error'],
  ['grenze', 'limit'],
  ['groesse', 'size'],
  ['nachricht', 'message'],
  ['nachrichten', 'message'],
  ['klassen', 'classes'],
  ['befehl', 'command'],
  ['befehle', 'commands'],
  ['deaktivieren', 'disable'],
  ['sicherheit', 'security'],
  ['stufe', 'level'],
])

const ADJECTIVE_ENDING = /(?:er|es|en|em|e)$/

/**
 * The name among `candidates` that was probably meant: within two edits (one for short words), upper and lower case
 * alike, of the word or of what it says in German. Null when there is none.
 */
export function suggestName(word: string, candidates: Iterable<string>): string | null {
  const names = [...candidates]
  const lower = word.toLowerCase()
  const limit = word.length <= 4 ? 1 : 2
  const direct = nearest(lower, names, limit)
  if (direct !== null) return direct
  const translated = translateGerman(lower)
  return translated === lower ? null : nearest(translated, names, limit)
}

/** `: did you mean "x"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const name = suggestName(word, candidates)
  return name === null ? '' : `: did you mean "${name}"?`
}

/** Replaces the German parts of a name in lower case. */
function translateGerman(name: string): string {
  const plain = name.replaceAll('ä', 'ae').replaceAll('ö', 'oe').replaceAll('ü', 'ue').replaceAll('ß', 'ss')
  return plain
    .split(/[_-]/)
    .map(part => GERMAN.get(part) ?? GERMAN.get(part.replace(ADJECTIVE_ENDING, '')) ?? part)
    .join('_')
}
