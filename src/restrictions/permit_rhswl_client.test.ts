import { LIST_ZONE, lookupError } from '../../test/support/list_zone.ts'
import { type RestrictionSetting, testRestriction } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'permit_rhswl_client dbl.example',
  fact: 'client',
  dns: LIST_ZONE,
  said: { recipient: 'user@here.example' },
}

// biome-ignore format: columns
testRestriction(setting, [
  // client     main.cf  expected
  ['192.0.2.1', '',      'permit'],
  ['192.0.2.2', '',      'dunno'],
  ['192.0.2.4', '',      'dunno'],
  ['192.0.2.9', '',      'dunno'],
  ['192.0.2.3', '',      'defer_if_reject 450 4.7.1 <mail.slow.example>: Client host rejected: Service unavailable', lookupError('mail.slow.example.dbl.example')],
])

// biome-ignore format: columns
testRestriction({ ...setting, word: 'permit_rhswl_client dbl.example=127.0.1.[4;5]' }, [
  ['192.0.2.1', '', 'dunno'],
])

// biome-ignore format: columns
testRestriction({ ...setting, said: { recipient: 'user@elsewhere.example' } }, [
  ['192.0.2.1', '', 'dunno'],
])
