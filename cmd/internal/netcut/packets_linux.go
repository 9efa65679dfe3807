package netcut

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// packets drops packets by rules in a table of its own.
type packets struct {
	block int
	table *nftables.Table
	chain *nftables.Chain

	mu   sync.Mutex // a Conn collects the messages of one flush
	conn *nftables.Conn
}

func newPackets(block int) (Network, error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	p := &packets{block: block, conn: conn}
	p.table = &nftables.Table{Name: fmt.Sprint("troupe-chaos-", block), Family: nftables.TableFamilyIPv4}
	conn.AddTable(p.table) // what a run that was killed left behind goes
	conn.DelTable(p.table)
	conn.AddTable(p.table)
	p.chain = conn.AddChain(&nftables.Chain{
		Name: "cuts", Table: p.table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter,
	})
	if err := conn.Flush(); err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	return p, nil
}

func (p *packets) String() string { return "packets" }

func (p *packets) Add(i int, _ Ports) (bind, advertise string, err error) {
	return bindHost(p.block, i), bindHost(p.block, i), nil
}

func (p *packets) Cut(ways map[Way]bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn.FlushChain(p.chain)
	for _, w := range sorted(ways) {
		p.conn.AddRule(&nftables.Rule{Table: p.table, Chain: p.chain, Exprs: p.drop(w)})
	}
	if err := p.conn.Flush(); err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	return nil
}

// drop matches source and destination address, which stand side by side in an IPv4 header.
func (p *packets) drop(w Way) []expr.Any {
	from, to := bindAddr(p.block, w.From).As4(), bindAddr(p.block, w.To).As4()
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: 8},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: append(from[:], to[:]...)},
		&expr.Verdict{Kind: expr.VerdictDrop},
	}
}

func sorted(ways map[Way]bool) (out []Way) {
	for w, cut := range ways {
		if cut {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b Way) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return out
}

func (p *packets) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn.DelTable(p.table)
	return p.conn.Flush()
}
