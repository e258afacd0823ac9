/** What the doors of the package have in common: nothing. */

import { expect, test } from '@jest/globals'
import * as client from '../client/index.js'
import * as recipes from '../recipes/index.js'

test('no name is exported by both doors, for it would mean two things', () => {
  const ofBoth = Object.keys(client).filter((name) => Object.hasOwn(recipes, name))
  expect(ofBoth).toEqual([])
})

test('the services of the wire have names of their own', () => {
  expect(client.LockService.lock.path).toBe('/v3lockpb.Lock/Lock')
  expect(client.ElectionService.campaign.path).toBe('/v3electionpb.Election/Campaign')
})
