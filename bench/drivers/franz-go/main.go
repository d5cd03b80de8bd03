// franz-go under measurement: reads its settings, one JSON object, and says on standard output, one JSON object a line,
// when it was ready, when it started, when the last acknowledgement came, and what it counted. Times are Unix ms.
package main

import (
	"context"
	"encoding/json"
	"math/rand"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type settings struct {
	Brokers         string  `json:"brokers"`
	Topic           string  `json:"topic"`
	MessageSize     int     `json:"messageSize"`
	Payloads        int     `json:"payloads"`
	Seed            int64   `json:"seed"`
	WarmupSeconds   float64 `json:"warmupSeconds"`
	Seconds         float64 `json:"seconds"`
	LingerMs        int     `json:"lingerMs"`
	BatchBytes      int32   `json:"batchBytes"`
	BufferedRecords int     `json:"bufferedRecords"`
	BufferedBytes   int     `json:"bufferedBytes"`
}

type window struct {
	Seconds    float64 `json:"seconds"`
	Delivered  int64   `json:"delivered"`
	CPUSeconds float64 `json:"cpuSeconds"`
}

type said struct {
	Event     string  `json:"event"`
	At        float64 `json:"at"`
	Error     string  `json:"error,omitempty"`
	Offered   int64   `json:"offered"`
	Delivered int64   `json:"delivered"`
	Failed    int64   `json:"failed"`
	Batches   int64   `json:"batches"`
	Window    *window `json:"window,omitempty"`
}

// Counts the batches that were written.
type batches struct{ count atomic.Int64 }

func (b *batches) OnProduceBatchWritten(kgo.BrokerMetadata, string, int32, kgo.ProduceBatchMetrics) {
	b.count.Add(1)
}

func say(what said) {
	what.At = float64(time.Now().UnixMicro()) / 1000
	if err := json.NewEncoder(os.Stdout).Encode(what); err != nil {
		os.Exit(1)
	}
}

func fail(err error) {
	say(said{Event: "error", Error: err.Error()})
	os.Exit(1)
}

func main() {
	var s settings
	if err := json.NewDecoder(os.Stdin).Decode(&s); err != nil {
		fail(err)
	}
	written := &batches{}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(s.Brokers, ",")...),
		kgo.DefaultProduceTopic(s.Topic),
		// idempotence is franz-go's default, and with it 5 requests in flight
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerLinger(time.Duration(s.LingerMs)*time.Millisecond),
		kgo.ProducerBatchMaxBytes(s.BatchBytes),
		kgo.MaxBufferedRecords(s.BufferedRecords),
		kgo.MaxBufferedBytes(s.BufferedBytes),
		kgo.WithHooks(written),
	)
	if err != nil {
		fail(err)
	}
	payloads := make([][]byte, s.Payloads)
	random := rand.New(rand.NewSource(s.Seed))
	for i := range payloads {
		payloads[i] = make([]byte, s.MessageSize)
		random.Read(payloads[i])
	}
	if err := client.Ping(context.Background()); err != nil {
		fail(err)
	}
	say(said{Event: "ready"})

	var delivered, failed atomic.Int64
	var offered int64
	var stopping atomic.Bool
	records := sync.Pool{New: func() any { return new(kgo.Record) }}
	// one function for all messages, and records are used again
	ended := func(record *kgo.Record, err error) {
		if err != nil {
			failed.Add(1)
		} else {
			delivered.Add(1)
		}
		*record = kgo.Record{}
		records.Put(record)
	}
	done := make(chan struct{})
	say(said{Event: "start"})
	go func() {
		for !stopping.Load() {
			record := records.Get().(*kgo.Record)
			record.Value = payloads[offered%int64(len(payloads))]
			offered++
			client.Produce(context.Background(), record, ended)
		}
		close(done)
	}()
	for delivered.Load() == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(seconds(s.WarmupSeconds))
	began, before, cpu := time.Now(), delivered.Load(), cpuSeconds()
	time.Sleep(seconds(s.Seconds))
	measured := &window{time.Since(began).Seconds(), delivered.Load() - before, cpuSeconds() - cpu}
	stopping.Store(true)
	<-done
	if err := client.Flush(context.Background()); err != nil {
		fail(err)
	}
	say(said{Event: "last acknowledgement"})
	say(said{
		Event:     "result",
		Offered:   offered,
		Delivered: delivered.Load(),
		Failed:    failed.Load(),
		Batches:   written.count.Load(),
		Window:    measured,
	})
	client.Close()
}

func seconds(count float64) time.Duration {
	return time.Duration(count * float64(time.Second))
}

// Of this process, user and system.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
