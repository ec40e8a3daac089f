import type { Lookup } from '../model/lookup.ts'
import type { SessionLists } from './doors.ts'

/** The lists of a session, which say in the log why one of them cannot be asked. Postfix: match_error. */
export function tellingLists(lists: SessionLists, warn: (text: string) => void): SessionLists {
  const tell = <T>(answer: Lookup<T>): Lookup<T> => {
    if (answer.status === 'failed') for (const line of answer.told ?? []) warn(line)
    return answer
  }
  return {
    hasClient: async (list, client) => tell(await lists.hasClient(list, client)),
    hasWord: async (list, word) => tell(await lists.hasWord(list, word)),
    hasDomain: async (list, domain) => tell(await lists.hasDomain(list, domain)),
    // Who asks a table tells it in the words of its own place.
    find: (maps, key) => lists.find(maps, key),
  }
}
