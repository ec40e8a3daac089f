import { CLIENT_ZONE } from '../../test/support/client_zone.ts'
import { type RestrictionSetting, testRestriction, unavailable } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'check_reverse_client_hostname_access hash:t',
  fact: 'client',
  dns: CLIENT_ZONE,
  tables: {
    'hash:t': { 'forged.example': 'REJECT no', 'client.example': 'OK', '192.0.2.6': 'DUNNO', unknown: 'some_class' },
  },
}

// biome-ignore format: columns
testRestriction(setting, [
  // client     main.cf                         expected
  ['192.0.2.2', '',                             '554 5.7.1 <forged.example>: Unverified Client host rejected: no'],
  ['192.0.2.2', 'access_map_reject_code = 450', '450 4.7.1 <forged.example>: Unverified Client host rejected: no'],
  ['192.0.2.1', '',                             'fault 451 4.3.5 Server configuration error',                      'restriction check_reverse_client_hostname_access returns OK for mail.client.example', 'this is not allowed for security reasons', 'use DUNNO instead of OK if you want to make an exception'],
  ['192.0.2.6', '',                             'dunno'],
  ['192.0.2.3', '',                             'dunno'],
  ['192.0.2.5', '',                             'list some_class, OK forbidden'],
])

// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_reverse_client_hostname_access hash:nowhere' }, [
  ['192.0.2.2', '', '451 4.3.5 <forged.example>: Unverified Client host rejected: Server configuration error', ...unavailable('hash:nowhere', 'forged.example')],
])
