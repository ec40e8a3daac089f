import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type FakeZone, makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import { ManualClock } from '../../../test/support/manual_clock.ts'
