import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Wallet } from './ledger.schemas.ts'
import type { LedgerService } from './ledger.service.ts'

/** Under /v1/me/wallet. */
export const walletRoutes: FastifyPluginAsyncTypebox<{ ledger: LedgerService }> = async (app, { ledger }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'getWallet',
        tags: ['payments'],
        summary: 'Your wallet',
        description: 'What you earned and paid, as far as it is still here. Empty before any money moved.',
        response: { 200: Wallet },
      },
      config: { access: 'user', limit: 'read' },
    },
    async (request) => ({ balances: await ledger.wallet(request.actor.id) }),
  )
}
