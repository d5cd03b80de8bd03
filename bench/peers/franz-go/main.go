// franz-go under measurement. Keeps to the protocol of protocol.ts: a task on standard input, events on standard output.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	clockMonotonic = 1
	produceKey     = 0
)

type task struct {
	Brokers       string  `json:"brokers"`
	Topic         string  `json:"topic"`
	Partitions    int64   `json:"partitions"`
	PayloadFile   string  `json:"payloadFile"`
	Run           *int64  `json:"run"`
	WarmupSeconds float64 `json:"warmupSeconds"`
	Length        struct {
		Seconds float64 `json:"seconds"`
	} `json:"length"`
	Properties struct {
		Acks             string `json:"acks"`
		Idempotence      bool   `json:"idempotence"`
		Compression      string `json:"compression"`
		CompressionLevel *int   `json:"compressionLevel"`
		LingerMs         int    `json:"lingerMs"`
		BatchBytes       int32  `json:"batchBytes"`
		RequestsInFlight int    `json:"requestsInFlight"`
		BufferedRecords  int    `json:"bufferedRecords"`
		BufferedBytes    int    `json:"bufferedBytes"`
	} `json:"properties"`
}

type window struct {
	From       float64 `json:"from"`
	To         float64 `json:"to"`
	Delivered  int64   `json:"delivered"`
	CPUSeconds float64 `json:"cpuSeconds"`
}

type batches struct {
	Messages int64 `json:"messages"`
	Batches  int64 `json:"batches"`
	Requests int64 `json:"requests"`
}

type result struct {
	Offered   int64   `json:"offered"`
	Delivered int64   `json:"delivered"`
	Failed    int64   `json:"failed"`
	Window    window  `json:"window"`
	Batches   batches `json:"batches"`
	Client    string  `json:"client"`
}

// Counts what was written: batches, and requests of them.
type written struct{ batches, requests atomic.Int64 }

func (w *written) OnProduceBatchWritten(kgo.BrokerMetadata, string, int32, kgo.ProduceBatchMetrics) {
	w.batches.Add(1)
}

func (w *written) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if key == produceKey && err == nil {
		w.requests.Add(1)
	}
}

func main() {
	input := bufio.NewReader(os.Stdin)
	line, err := input.ReadBytes('\n')
	if err != nil {
		fail(err)
	}
	var t task
	if err := json.Unmarshal(line, &t); err != nil {
		fail(err)
	}
	go endWith(input)
	if t.Length.Seconds == 0 {
		fail(errors.New("franz-go is measured for a time"))
	}
	told, err := run(t)
	if err != nil {
		fail(err)
	}
	say("result", told)
}

func run(t task) (*result, error) {
	file, err := os.ReadFile(t.PayloadFile)
	if err != nil {
		return nil, err
	}
	payloads := bytes.Split(file, []byte("\n"))
	counted := &written{}
	options, err := optionsOf(t)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append(options, kgo.WithHooks(counted))...)
	if err != nil {
		return nil, err
	}
	if err := client.Ping(context.Background()); err != nil {
		return nil, err
	}
	say("ready", nil)

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
	say("start", nil)
	go func() {
		for !stopping.Load() {
			record := records.Get().(*kgo.Record)
			record.Value = payloads[offered%int64(len(payloads))]
			if t.Run != nil {
				record.Partition = int32(offered / *t.Run % t.Partitions)
			}
			offered++
			client.Produce(context.Background(), record, ended)
		}
		close(done)
	}()
	for delivered.Load() == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(seconds(t.WarmupSeconds))
	from, before, cpu := now(), delivered.Load(), cpuSeconds()
	time.Sleep(seconds(t.Length.Seconds))
	measured := window{from, now(), delivered.Load() - before, cpuSeconds() - cpu}
	stopping.Store(true)
	<-done
	if err := client.Flush(context.Background()); err != nil {
		return nil, err
	}
	say("last acknowledgement", nil)
	sent := batches{delivered.Load(), counted.batches.Load(), counted.requests.Load()}
	return &result{offered, delivered.Load(), failed.Load(), measured, sent, version()}, nil
}

func optionsOf(t task) ([]kgo.Opt, error) {
	p := t.Properties
	codec, err := codecOf(p.Compression)
	if err != nil {
		return nil, err
	}
	if p.CompressionLevel != nil {
		codec = codec.WithLevel(*p.CompressionLevel)
	}
	// with idempotence there are 5 requests in flight, and that cannot be set
	if p.Acks != "all" || !p.Idempotence || p.RequestsInFlight != 5 {
		return nil, errors.New("franz-go is measured with acks=all, idempotence and 5 requests in flight")
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(t.Brokers, ",")...),
		kgo.DefaultProduceTopic(t.Topic),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(codec),
		kgo.ProducerLinger(time.Duration(p.LingerMs) * time.Millisecond),
		kgo.ProducerBatchMaxBytes(p.BatchBytes),
		kgo.MaxBufferedRecords(p.BufferedRecords),
		kgo.MaxBufferedBytes(p.BufferedBytes),
	}
	if t.Run != nil {
		options = append(options, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	return options, nil
}

func codecOf(name string) (kgo.CompressionCodec, error) {
	switch name {
	case "none":
		return kgo.NoCompression(), nil
	case "gzip":
		return kgo.GzipCompression(), nil
	case "snappy":
		return kgo.SnappyCompression(), nil
	case "lz4":
		return kgo.Lz4Compression(), nil
	case "zstd":
		return kgo.ZstdCompression(), nil
	}
	return kgo.CompressionCodec{}, errors.New("no such compression: " + name)
}

func say(event string, more any) {
	said := map[string]any{}
	if more != nil {
		text, err := json.Marshal(more)
		if err == nil {
			err = json.Unmarshal(text, &said)
		}
		if err != nil {
			os.Exit(1)
		}
	}
	said["event"] = event
	said["at"] = now()
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		os.Exit(1)
	}
}

func fail(err error) {
	say("error", map[string]string{"error": err.Error()})
	os.Exit(1)
}

// Ends with whoever started this.
func endWith(input io.Reader) {
	_, _ = io.Copy(io.Discard, input)
	os.Exit(1)
}

func seconds(count float64) time.Duration {
	return time.Duration(count * float64(time.Second))
}

// The system's monotonic clock in ms, which is one for all processes; Go keeps its own reading of it to itself.
func now() float64 {
	var at syscall.Timespec
	_, _, failed := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&at)), 0)
	if failed != 0 {
		os.Exit(1)
	}
	return float64(at.Nano()) / 1e6
}

// Of this process, user and system.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func version() string {
	name := "franz-go"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/twmb/franz-go" {
				name += " " + strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return name + ", " + strings.Replace(runtime.Version(), "go", "Go ", 1)
}
