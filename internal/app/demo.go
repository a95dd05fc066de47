package app

type demoCmd struct {
	listenFlags
}
