import { testServerAccess } from '../../test/support/server_access_cases.ts'

testServerAccess({ restriction: 'check_sender_a_access', type: 'A', of: 'sender' })
