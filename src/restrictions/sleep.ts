import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Makes the client wait, and learns whether it has the patience. */
export const sleep = restriction({
  name: 'sleep',
  needs: 'moment',
  ownTimeout: true,
  argument: 'seconds',
  params: [],
  doc: 'Pause for the given number of seconds and go on with the next restriction. Holds up this session only.',
  async check({ ask, argument }) {
    await ask.sleep(Number(argument))
    return DUNNO
  },
})
