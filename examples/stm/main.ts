/**
 * `npm run example -- stm`: a bank whose transfers are transactions.
 *
 * Several clients move money between a few accounts, all at the same time, while an auditor
 * adds up all accounts in transactions of its own. No transfer is lost, none is done twice, and
 * the auditor sees the same total each time. Then the same without transactions, to see
 * what becomes of the money.
 */

import { type Client, connect } from 'conclave'
import { stm } from 'conclave/recipes'
import { withCluster } from '../cluster.js'

const CLIENTS = 4
const ACCOUNTS = 6
const START = 100
const TRANSFERS = 40

/** What happened. */
const seen = { transfers: 0, refused: 0, conflicts: 0, audits: new Set<number>() }

await withCluster(async (endpoints) => {
  const clients = Array.from({ length: CLIENTS }, () => connect({ endpoints }))
  const [auditor] = clients
  try {
    await open(auditor!, 'bank/')
    console.log(
      `${ACCOUNTS} accounts with ${START} each, ${CLIENTS} clients, ${TRANSFERS} transfers by each`,
    )
    let isOver = false
    const auditing = (async () => {
      while (!isOver) seen.audits.add(await audit(auditor!, 'bank/'))
    })()
    await Promise.all(clients.map((client) => many(() => transfer(client, 'bank/'))))
    isOver = true
    await auditing
    tell()

    await open(auditor!, 'careless/')
    await Promise.all(clients.map((client) => many(() => carelessTransfer(client, 'careless/'))))
    const careless = await audit(auditor!, 'careless/')
    console.log(
      `The same without transactions: the total is ${careless}, it was ${ACCOUNTS * START}`,
    )
  } finally {
    for (const client of clients) client.close()
  }
})

function open(client: Client, bank: string): Promise<void> {
  return stm(client, (tx) => {
    for (let i = 0; i < ACCOUNTS; i++) tx.put(`${bank}${i}`, START)
  })
}

async function many(move: () => Promise<void>): Promise<void> {
  for (let i = 0; i < TRANSFERS; i++) await move()
}

/** Moves money, if there is enough. */
async function transfer(client: Client, bank: string): Promise<void> {
  const { from, to, amount } = order(bank)
  const isDone = await stm(
    client,
    async (tx) => {
      const [a, b] = await Promise.all([tx.get<number>(from), tx.get<number>(to)])
      if (a! < amount) return false
      tx.put(from, a! - amount)
      tx.put(to, b! + amount)
      return true
    },
    { onConflict: () => seen.conflicts++ },
  )
  if (isDone) seen.transfers++
  else seen.refused++
}

/** What a program does that has no transactions. */
async function carelessTransfer(client: Client, bank: string): Promise<void> {
  const { from, to, amount } = order(bank)
  const [a, b] = await Promise.all([client.kv.get(from), client.kv.get(to)])
  if (a!.json<number>() < amount) return
  await client.kv.put(from, String(a!.json<number>() - amount))
  await client.kv.put(to, String(b!.json<number>() + amount))
}

function order(bank: string): { from: string; to: string; amount: number } {
  const from = Math.floor(Math.random() * ACCOUNTS)
  const to = (from + 1 + Math.floor(Math.random() * (ACCOUNTS - 1))) % ACCOUNTS
  return { from: `${bank}${from}`, to: `${bank}${to}`, amount: 1 + Math.floor(Math.random() * 30) }
}

/** All accounts of one moment, added up. */
async function audit(client: Client, bank: string): Promise<number> {
  return stm(client, async (tx) => {
    const accounts = await tx.getAll<number>(bank)
    return accounts.reduce((sum, { value }) => sum + value, 0)
  })
}

function tell(): void {
  const { transfers, refused, conflicts, audits } = seen
  console.log(
    `${transfers} transfers, ${refused} refused for want of money, ${conflicts} conflicts`,
  )
  console.log(`Totals that the auditor saw: ${[...audits].join(', ')}`)
  if (audits.size === 1 && audits.has(ACCOUNTS * START)) console.log('No money came or went.')
  else process.exitCode = 1
}
