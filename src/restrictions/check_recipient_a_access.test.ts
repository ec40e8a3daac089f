import { testServerAccess } from '../../test/support/server_access_cases.ts'

testServerAccess({ restriction: 'check_recipient_a_access', type: 'A', of: 'recipient' })
