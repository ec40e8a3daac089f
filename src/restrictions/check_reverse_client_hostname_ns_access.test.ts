import { testServerAccess } from '../../test/support/server_access_cases.ts'

testServerAccess({ restriction: 'check_reverse_client_hostname_ns_access', type: 'NS', of: 'reverse client' })
